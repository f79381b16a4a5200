import type { Base } from '../archive/base.ts';
import { type Encryption, fingerprintsOf, isByPassphrase } from '../encryption/encryption.ts';
import { QuackupError } from '../errors.ts';
import { hasSizeOf } from '../format/archive-size.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import { readContent } from '../list/list-backups.ts';
import { loadManifest } from '../read/load-backup.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { BaseMemory, RememberedBase } from './base-memory.ts';
import { asBase, damageOf, days, isDue, NONE_YET } from './find-base.ts';

export interface RecallOptions {
  readonly now: Date;
  readonly fullEveryMs: number;
  readonly encryption: Encryption | undefined;
  readonly memory: BaseMemory | undefined;
}

/**
 * Finds the base of an incremental backup where it is not read from the target: what this machine remembers of its last
 * backup there, if all that it needs is still there, and is for the same recipients.
 *
 * @returns the base, or why there is none, to be told to people.
 * @throws TargetError if the target cannot be listed.
 */
export async function recallBase(
  client: TargetClient,
  { now, fullEveryMs, encryption, memory }: RecallOptions,
): Promise<Base | string> {
  if (encryption !== undefined && isByPassphrase(encryption))
    return 'it is encrypted with a passphrase, and whether earlier ones have the same cannot be told';
  // A place that can only be written cannot be asked.
  const content = client.access === 'write-only' ? undefined : await readContent(client);
  const remembered = await memory?.load(client.name);
  if (remembered === undefined || remembered.place !== client.target.displayName)
    return content?.manifests.size === 0 ? NONE_YET : 'nothing is remembered here of an earlier one';
  const { backup, archives, recipients, index } = remembered;
  const wanted = encryption === undefined ? [] : fingerprintsOf(encryption);
  if (JSON.stringify(recipients) !== JSON.stringify(wanted))
    return `${backup}, the last one, is not for the same keys`;
  if (isDue(archives, now, fullEveryMs)) return `the last full one is older than ${days(fullEveryMs)}`;
  if (content !== undefined) {
    if (!content.manifests.has(backup))
      return `${backup}, the last one that was made here, is not there any more`;
    const lost = archives.find((archive) => !hasSizeOf(archive, content.sizes.get(archive.name)));
    if (lost !== undefined) return `${lost.name}, which ${backup} needs, is not whole`;
    const damage = damageOf(backup, archives, content);
    if (damage !== undefined) return damage;
    const changed = await whatChanged(client, remembered);
    if (changed !== undefined) return `${backup}, the last one, ${changed}`;
  }
  return asBase(backup, archives, index);
}

/** What the target says otherwise of the last backup than what is remembered: other keys, after a change on another machine. */
async function whatChanged(
  client: TargetClient,
  { backup, archives: [own], recipients }: RememberedBase,
): Promise<string | undefined> {
  let manifest: StoredManifest | undefined;
  try {
    manifest = await loadManifest(client, backup);
  } catch (error) {
    if (error instanceof QuackupError) return `cannot be read: ${error.message}`;
    throw error;
  }
  if (manifest === undefined) return 'has just been removed';
  if (manifest.archive.sha256 !== own?.sha256) return 'is another one there than was made here';
  const stored = isSealedManifest(manifest) ? manifest.recipients.toSorted() : [];
  return JSON.stringify(stored) === JSON.stringify(recipients) ? undefined : 'is for other keys there by now';
}
