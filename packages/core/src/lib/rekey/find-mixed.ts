/**
 * Archives whose headers are not for those whom the manifests of a target name: what a change of recipients that was cut off left
 * behind, or a copy of one target to another. Manifests alone do not show it, since each is as it was written.
 */
import { AgeError, type Identity, type Recipient, rekeyHeader } from '@quackup/age';

import { orderedMap } from '../archive/ordered-map.ts';
import { hasSizeOf } from '../format/archive-size.ts';
import { isEncryptedKey } from '../format/backup-name.ts';
import type { ArchiveReference } from '../format/schema.ts';
import type { SealedManifest } from '../format/sealed-manifest.ts';
import { type FoundHeader, readStoredHeader } from '../read/stored-header.ts';
import type { TargetClient } from '../target/target-client.ts';

const HEADERS_AT_ONCE = 16;

export interface MixedOptions {
  /** Whom the archives shall be for. */
  readonly recipients: readonly Recipient[];
  /** Needed to tell whom an archive is for whose manifest is gone; none: such archives count as they should be. */
  readonly identities: readonly Identity[];
}

/**
 * Looks at the header of each archive that sealed manifests name. One that is gone or has another length is left out: no other
 * recipients put it right.
 *
 * @param sizes Lengths of all archives by key.
 * @returns the names of those whose header is not the one that their manifest records; and of those without a manifest that the
 *   keys at hand show to be for others.
 */
export async function findMixed(
  client: TargetClient,
  sealed: readonly SealedManifest[],
  sizes: ReadonlyMap<string, number>,
  { recipients, identities }: MixedOptions,
): Promise<ReadonlySet<string>> {
  const recorded = new Map(sealed.map(({ archive }) => [archive.name, archive.header.sha256]));
  const archives = new Map<string, ArchiveReference>();
  for (const { archive, references } of sealed) {
    for (const each of [archive, ...references]) if (isEncryptedKey(each.name)) archives.set(each.name, each);
  }
  const isForThem = await judgeOf(recipients, identities);
  const mixed = new Set<string>();
  const looked = orderedMap(archives.values(), client.concurrency(HEADERS_AT_ONCE), async (archive) => {
    const { name } = archive;
    const size = sizes.get(name);
    if (size === undefined || !hasSizeOf(archive, size)) return;
    const wanted = recorded.get(name);
    if (wanted === undefined && identities.length === 0) return;
    const header = await readStoredHeader(client, archive, size);
    const isRight =
      header !== undefined && (wanted === undefined ? await isForThem(header) : header.sha256 === wanted);
    if (!isRight) mixed.add(name);
  });
  for await (const _ of looked);
  return mixed;
}

/**
 * Tells whether a header is for the recipients, as far as it can be told: it must have as many parts as one for them, open with
 * each key at hand that is one of theirs, and with no other. A key that is not at hand leaves no trace.
 */
async function judgeOf(
  recipients: readonly Recipient[],
  identities: readonly Identity[],
): Promise<(header: FoundHeader) => Promise<boolean>> {
  const theirs = (await Promise.all(recipients.map((each) => each.wrapFileKey(new Uint8Array(16))))).flat();
  const keys = await Promise.all(
    identities.map(async (identity) => ({
      identity,
      isTheirs: (await identity.unwrapFileKey(theirs)) !== undefined,
    })),
  );
  return async ({ bytes }) => {
    if (partsOf(bytes) !== theirs.length) return false;
    for (const { identity, isTheirs } of keys) {
      if ((await opens(identity, bytes, recipients)) !== isTheirs) return false;
    }
    return true;
  };
}

/** How many parts a header has, each of which some key opens: each begins with an arrow, and nothing else in a header does. */
const partsOf = (header: Buffer): number => header.toString('latin1').split('\n-> ').length - 1;

async function opens(identity: Identity, header: Buffer, recipients: readonly Recipient[]): Promise<boolean> {
  try {
    await rekeyHeader(header, [identity], recipients);
    return true;
  } catch (error) {
    if (error instanceof AgeError) return false;
    throw error;
  }
}
