import { type ObjectInfo, objectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import { ArchiveDigest, hasSizeOf } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { readStoredHeader } from '../read/stored-header.ts';
import { readAhead } from '../target/read-ahead.ts';
import type { TargetClient } from '../target/target-client.ts';
import { ArchiveRecords } from './archive-records.ts';
import type { NeededArchive } from './needed-archive.ts';

/** One archive to copy. */
export interface CopyStep {
  readonly archive: NeededArchive;
  /** What is there already: the same archive, but not as it must be. */
  readonly replaces?: ObjectInfo;
}

export interface CopyPlan {
  /** In the order in which they are copied. */
  readonly steps: readonly CopyStep[];
  readonly present: readonly NeededArchive[];
}

/** What is compared of an archive that is there, and of the manifests around it. */
export interface CopyPlace {
  readonly client: TargetClient;
  /** The backup that is to be there. */
  readonly manifest: StoredManifest;
  readonly records: ArchiveRecords;
}

/**
 * Looks which of the archives that a backup needs are on a target already.
 *
 * @throws COPY_CONFLICT if one of them is another object there, or is for keys that do not open the backup. Backups that were
 *   written to two targets at once can differ in the last bytes of their archives, in which they say what the target had before.
 */
export async function planCopy(
  client: TargetClient,
  manifest: StoredManifest,
  needed: readonly NeededArchive[],
): Promise<CopyPlan> {
  const place: CopyPlace = { client, manifest, records: new ArchiveRecords(client) };
  const steps: CopyStep[] = [];
  const present: NeededArchive[] = [];
  for (const archive of needed) {
    const step = await stepFor(place, archive);
    if (step === undefined) present.push(archive);
    else steps.push(step);
  }
  return { steps, present };
}

/**
 * @returns undefined if the archive is there.
 * @throws as {@link planCopy}.
 */
async function stepFor(place: CopyPlace, archive: NeededArchive): Promise<CopyStep | undefined> {
  const { client, records } = place;
  const found = await client.stat(objectKey(archive.name));
  if (found === undefined) return { archive };
  if (!hasSizeOf(archive, found.size)) throw conflict(client, archive.name);
  const owner = await records.ownerOf(archive.name);
  if (owner !== undefined && owner.archive.sha256 !== archive.sha256) throw conflict(client, archive.name);
  const isReadable = !isEncryptedKey(archive.name) || (await hasGoodHeader(place, archive, found, owner));
  if (!(await records.knows(archive)) && (await hashOf(client, archive)) !== archive.sha256)
    throw conflict(client, archive.name);
  return isReadable ? undefined : { archive, replaces: found };
}

/**
 * Whether who can read the backup can read an archive that is there. Its header is all that a change of recipients changes,
 * and differs each time: where it is another one, what is recorded there must tell that it is for the same keys.
 *
 * @returns false if the archive can be written again with the header that it has at the source.
 * @throws COPY_CONFLICT if it is for other keys, and something there needs it so.
 */
async function hasGoodHeader(
  { client, manifest, records }: CopyPlace,
  archive: NeededArchive,
  { size }: ObjectInfo,
  owner: StoredManifest | undefined,
): Promise<boolean> {
  const { name, header } = archive;
  const stored = await readStoredHeader(client, archive, size);
  if (stored !== undefined && stored.sha256 === header?.sha256) return true;
  if (owner !== undefined && isSealedManifest(owner)) {
    const recorded = owner.archive.header.sha256;
    if (recorded === stored?.sha256 && isForReadersOf(owner, manifest)) return true;
    if (recorded === stored?.sha256 || recorded !== header?.sha256) throw otherKeys(client, name);
    // It was this very archive, and its header is not what it was.
    return false;
  }
  const { manifests, hasUnreadable } = await records.dependentsOf(name);
  if (manifests.length === 0 && !hasUnreadable) return false;
  if (hasUnreadable || !manifests.every((each) => isForReadersOf(each, manifest)))
    throw otherKeys(client, name);
  // The backup's manifest says what this header is, so it has to be the one from the source; others there must still be readable.
  if (name !== manifest.archive.name) return stored !== undefined;
  if (manifests.every((each) => isForReadersOf(manifest, each))) return false;
  throw otherKeys(client, name);
}

/** Whether all who can read `backup` can read what `manifest` is of. */
function isForReadersOf(manifest: StoredManifest, backup: StoredManifest): boolean {
  if (!isSealedManifest(manifest) || !isSealedManifest(backup)) return false;
  return backup.recipients.every((each) => manifest.recipients.includes(each));
}

async function hashOf(client: TargetClient, { name }: ArchiveReference): Promise<string> {
  const digest = new ArchiveDigest(name);
  for await (const piece of readAhead(client, objectKey(name))) digest.update(piece);
  return digest.finish().sha256;
}

function conflict(client: TargetClient, name: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${client.target.displayName} has another ${name} than the one that the backup needs; nothing was changed`,
    { hint: `quackup backup --target ${client.name} stores there what it lacks; or copy to an empty folder` },
  );
}

function otherKeys(client: TargetClient, name: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${name} on ${client.target.displayName} is for other keys than the backup that needs it; nothing was changed`,
    {
      hint: `quackup rekey changes what is on one target only: run it with --target ${client.name} too, or on the target that is copied from`,
    },
  );
}
