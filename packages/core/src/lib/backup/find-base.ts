/** Finds the base of an incremental backup. Whatever is wrong with it makes the next backup a full one, never an error. */
import type { Base } from '../archive/base.ts';
import type { ArchiveIndex } from '../archive/index-file.ts';
import { QuackupError } from '../errors.ts';
import { startOfBackupName } from '../format/backup-name.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { damagedArchives } from '../list/found-damage.ts';
import { readContent, type TargetContent } from '../list/list-backups.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { loadIndex, loadManifest } from '../read/load-backup.ts';
import type { TargetClient } from '../target/target-client.ts';
import type { Encryption } from '../encryption/encryption.ts';
import type { BaseMemory } from './base-memory.ts';
import { recallBase } from './recall-base.ts';

/** Why there is no base on a target without backups. */
export const NONE_YET = 'there is none yet';

/** A backup that runs daily and a period of whole days must not miss each other by seconds. */
const SLACK_MS = 3600_000;

export interface FindBaseOptions {
  readonly now: Date;
  /** How old the oldest archive that is referred to may become, in milliseconds. */
  readonly fullEveryMs: number;
  /** Of the backup that is to be made. An encrypted one cannot be read again, so its base is remembered. */
  readonly encryption: Encryption | undefined;
  readonly memory: BaseMemory | undefined;
}

/**
 * @returns the base, or why there is none, to be told to people.
 * @throws TargetError if the target cannot be read.
 */
export async function findBase(client: TargetClient, options: FindBaseOptions): Promise<Base | string> {
  if (options.encryption !== undefined || client.access === 'write-only') return recallBase(client, options);
  const { now, fullEveryMs } = options;
  const content = await readContent(client);
  const manifest = await newestManifest(client, content, now);
  if (typeof manifest === 'string') return manifest;
  if (isSealedManifest(manifest)) return `${manifest.name} is encrypted`;
  const { references, name, sizeBytes, sha256 } = { ...manifest, ...manifest.archive };
  const archives = [{ name, sizeBytes, sha256 }, ...references];
  const lost = archives.find((archive) => content.sizes.get(archive.name) !== archive.sizeBytes);
  if (lost !== undefined) return `${lost.name}, which ${manifest.name} needs, is not whole`;
  const damage = damageOf(manifest.name, archives, content);
  if (damage !== undefined) return damage;
  if (isDue(archives, now, fullEveryMs)) return `the last full one is older than ${days(fullEveryMs)}`;
  try {
    return asBase(manifest.name, archives, await loadIndex(new ArchiveReader(client), manifest));
  } catch (error) {
    if (error instanceof QuackupError) return error.message;
    throw error;
  }
}

/** Why a backup is no base by what verifications found in it, or in an archive that it needs; undefined if they found nothing. */
export function damageOf(
  backup: string,
  archives: readonly Pick<ArchiveReference, 'name'>[],
  { damage }: Pick<TargetContent, 'damage'>,
): string | undefined {
  if (damage.some((record) => record.backup === backup)) return `a verification found ${backup} damaged`;
  const damaged = damagedArchives(damage);
  const found = archives.find(({ name }) => damaged.has(name));
  return found && `a verification found ${found.name}, which ${backup} needs, damaged`;
}

/** The newest by its name's time, but for those of later; a damaged one is no reason to go further back, where less can be reused. */
async function newestManifest(
  client: TargetClient,
  { manifests }: TargetContent,
  now: Date,
): Promise<StoredManifest | string> {
  const names = [...manifests].toSorted(byNewestName);
  const newest = names.find((name) => !isOfLater(name, now));
  if (newest === undefined) return names.length === 0 ? NONE_YET : 'all that there are are of later';
  try {
    return (await loadManifest(client, newest)) ?? `${newest} has just been removed`;
  } catch (error) {
    if (error instanceof QuackupError) return error.message;
    throw error;
  }
}

/** A backup may be brought in from elsewhere with its own, earlier time; and a clock may have been ahead once. */
function isOfLater(name: string, now: Date): boolean {
  return (startOfBackupName(name)?.getTime() ?? 0) - now.getTime() > SLACK_MS;
}

/** Names carry the time to the second, and a number within the second. */
function byNewestName(a: string, b: string): number {
  const time = (startOfBackupName(b)?.getTime() ?? 0) - (startOfBackupName(a)?.getTime() ?? 0);
  return time || b.localeCompare(a, 'en', { numeric: true });
}

/** Whether the oldest archive has come of age. What cannot be told, or lies in the future, is due. */
export function isDue(
  archives: readonly { readonly name: string }[],
  now: Date,
  fullEveryMs: number,
): boolean {
  return archives.some(({ name }) => {
    const start = startOfBackupName(name.replace(/\..*$/, ''));
    if (start === undefined) return true;
    const ageMs = now.getTime() - start.getTime();
    return ageMs < -SLACK_MS || ageMs + Math.min(SLACK_MS, fullEveryMs / 10) >= fullEveryMs;
  });
}

export function asBase(
  backup: string,
  archives: readonly ArchiveReference[],
  { head, tables }: ArchiveIndex,
): Base {
  return {
    backup,
    archives,
    tableOf: ({ database, role, headBytes, chunkBytes }) => {
      const place = head.files.findIndex((file) => file.database === database && file.role === role);
      const file = head.files[place];
      return file?.headBytes === headBytes && file.chunkBytes === chunkBytes ? tables[place] : undefined;
    },
  };
}

export function days(ms: number): string {
  return `${Number((ms / 86_400_000).toFixed(2))} days`;
}
