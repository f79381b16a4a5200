import type { BackupSummary, NamedTarget } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { verifiedKey } from '../format/backup-name.ts';
import type { Manifest } from '../format/manifest.ts';
import { notFound } from '../read/load-backup.ts';
import { TargetClient } from '../target/target-client.ts';
import { type ListedBackup, readBackups, readContent } from './list-backups.ts';

/** Everything that is known of one backup without reading its archive. */
export interface BackupDescription {
  readonly summary: BackupSummary;
  /** As stored; null for OpenQuant archives and damaged manifests. */
  readonly manifest: Manifest | null;
  /** What the last scan found, as stored; null if there was none. */
  readonly scan: unknown;
}

interface Options {
  readonly signal?: AbortSignal;
}

/** @throws BACKUP_NOT_FOUND if there is no such backup. */
export async function describeBackup(
  target: NamedTarget,
  name: string,
  { signal }: Options = {},
): Promise<BackupDescription> {
  const client = new TargetClient(target, { signal });
  const { summary, manifest } = await findBackup(client, name);
  const text =
    summary.verified === null ? undefined : await client.readText(verifiedKey(name), 64 * 1024 * 1024);
  return { summary, manifest: manifest ?? null, scan: text === undefined ? null : JSON.parse(text) };
}

/** One backup. The manifests of the others are read too: they say what its removal would free. */
async function findBackup(client: TargetClient, name: string): Promise<ListedBackup> {
  const backups = await readBackups(client, await readContent(client));
  const backup = backups.find(({ summary }) => summary.name === name);
  if (backup === undefined) throw notFound(client, name);
  return backup;
}

/**
 * The name of a backup: `latest` is the newest whose manifest is whole and whose archives are there.
 *
 * @throws BACKUP_NOT_FOUND if there is none.
 */
export async function resolveBackupName(
  target: NamedTarget,
  nameOrLatest: string,
  { signal }: Options = {},
): Promise<string> {
  const name = nameOrLatest.replace(/\.(?:tar\.zst|tar\.gz|tar|json)$/, '');
  if (name !== 'latest') return name;
  const client = new TargetClient(target, { signal });
  const backups = await readBackups(client, await readContent(client));
  const newest = backups.find(({ summary }) => summary.damaged === undefined);
  if (newest === undefined) {
    throw new QuackupError('BACKUP_NOT_FOUND', `there is no backup on ${target.target.displayName}`, {
      hint: 'make one with quackup backup',
    });
  }
  return newest.summary.name;
}
