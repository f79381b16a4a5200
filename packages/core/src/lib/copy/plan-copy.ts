import { type ObjectInfo, objectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import { hasSizeOf } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { OnProgress } from '../progress.ts';
import { digestStored } from '../read/archive-content.ts';
import { readStoredHeader } from '../read/stored-header.ts';
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
  /** Whether what is there is read, and not only looked up. */
  readonly repair: boolean;
  readonly onProgress: OnProgress | undefined;
}

export type PlanOptions = Pick<CopyPlace, 'repair' | 'onProgress'>;

/**
 * Looks which of the archives that a backup needs are on a target already. One that is damaged is written again, if a manifest
 * there tells that it was this very archive: another length is always seen, other bytes only if they are read.
 *
 * @throws COPY_CONFLICT if one of them is another object there, or is for keys that do not open the backup. Backups that were
 *   written to two targets at once can differ in the last bytes of their archives, in which they say what the target had before.
 */
export async function planCopy(
  client: TargetClient,
  manifest: StoredManifest,
  needed: readonly NeededArchive[],
  options: PlanOptions,
): Promise<CopyPlan> {
  const place: CopyPlace = { ...options, client, manifest, records: new ArchiveRecords(client) };
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
  const owner = await records.ownerOf(archive.name);
  if (owner !== undefined && owner.archive.sha256 !== archive.sha256) throw conflict(client, archive.name);
  const isEncrypted = isEncryptedKey(archive.name);
  if (await isWhole(place, archive, found)) {
    if (!isEncrypted || (await isReadable(place, archive, found, owner))) return undefined;
  } else if (!(await records.knows(archive))) {
    throw conflict(client, archive.name);
  }
  if (isEncrypted && !(await canBeReplaced(place, archive, owner))) throw otherKeys(client, archive.name);
  return { archive, replaces: found };
}

/** Whether the content of an archive that is there is that of the one that is needed. */
async function isWhole(place: CopyPlace, archive: NeededArchive, { size }: ObjectInfo): Promise<boolean> {
  if (!hasSizeOf(archive, size)) return false;
  if (!place.repair && (await place.records.knows(archive))) return true;
  return (await hashOf(place, archive)) === archive.sha256;
}

/**
 * Whether who can read the backup can read an archive that is there. Its header is all that a change of recipients changes,
 * and differs each time: where it is another one, what is recorded there must tell that it is for the same keys.
 *
 * @throws COPY_CONFLICT if it is, with its backup there, for other keys.
 */
async function isReadable(
  { client, manifest, records }: CopyPlace,
  archive: NeededArchive,
  { size }: ObjectInfo,
  owner: StoredManifest | undefined,
): Promise<boolean> {
  const { name, header } = archive;
  const stored = await readStoredHeader(client, archive, size);
  if (stored === undefined) return false;
  if (stored.sha256 === header?.sha256) return true;
  if (owner !== undefined && isSealedManifest(owner)) {
    if (owner.archive.header.sha256 !== stored.sha256) return false;
    if (isForReadersOf(owner, manifest)) return true;
    throw otherKeys(client, name);
  }
  // The backup's manifest, which is not there yet, says what this header is: so it has to be the one from the source.
  if (name === manifest.archive.name) return false;
  const { manifests, hasUnreadable } = await records.dependentsOf(name);
  const isKnown = manifests.length > 0 && !hasUnreadable;
  return isKnown && manifests.every((each) => isForReadersOf(each, manifest));
}

/** Whether an archive that is there can get the header that it has at the source: what needs it must be as readable as before. */
async function canBeReplaced(
  { manifest, records }: CopyPlace,
  { name, header }: NeededArchive,
  owner: StoredManifest | undefined,
): Promise<boolean> {
  if (owner !== undefined && isSealedManifest(owner)) {
    if (owner.archive.header.sha256 === header?.sha256) return true;
    // Its manifest would tell another one; that of the backup itself is replaced as well.
    if (name !== manifest.archive.name) return false;
  }
  const { manifests, hasUnreadable } = await records.dependentsOf(name);
  return !hasUnreadable && manifests.every((each) => isForReadersOf(manifest, each));
}

/** Whether all who can read `backup` can read what `manifest` is of. */
function isForReadersOf(manifest: StoredManifest, backup: StoredManifest): boolean {
  if (!isSealedManifest(manifest) || !isSealedManifest(backup)) return false;
  return backup.recipients.every((each) => manifest.recipients.includes(each));
}

async function hashOf(
  { client, onProgress }: CopyPlace,
  { name, sizeBytes }: ArchiveReference,
): Promise<string> {
  const task = 'check';
  onProgress?.({ type: 'task-start', task, label: `checking ${name}`, totalBytes: sizeBytes });
  try {
    const { sha256 } = await digestStored(client, name, (bytes) =>
      onProgress?.({ type: 'task-advance', task, bytes }),
    );
    return sha256;
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}

function conflict(client: TargetClient, name: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${client.target.displayName} has another ${name} than the one that the backup needs; nothing was changed`,
    {
      hint: `quackup backup --target ${client.name} stores there what it lacks; or copy to an empty folder; if it is this archive, damaged, move it away and copy again`,
    },
  );
}

function otherKeys(client: TargetClient, name: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${name} on ${client.target.displayName} is for other keys than the backup that needs it; nothing was changed`,
    {
      hint: `quackup rekey changes what is on one target only: run it with --target ${client.name} too, or on the target that is copied from; then copy again`,
    },
  );
}
