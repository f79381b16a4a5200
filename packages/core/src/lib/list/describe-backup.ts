import type { BackupSummary, FailureReport, NamedTarget } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { verifiedKey } from '../format/backup-name.ts';
import type { KeySource } from '../encryption/encryption.ts';
import { isSealedManifest, type Manifest, type StoredManifest } from '../format/manifest.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { notFound, openManifest } from '../read/load-backup.ts';
import { TargetClient } from '../target/target-client.ts';
import { type ListedBackup, readBackups, readContent } from './list-backups.ts';

/** Everything that is known of one backup without reading its archive. */
export interface BackupDescription {
  readonly summary: BackupSummary;
  /** All that is known; null for OpenQuant archives, damaged manifests, and encrypted ones without a key that fits. */
  readonly manifest: Manifest | null;
  /** Why there is no manifest although there are keys: none of them fits. */
  readonly unreadable?: FailureReport;
  /** What the last scan found, as stored; null if there was none. */
  readonly scan: unknown;
}

interface Options {
  readonly signal?: AbortSignal;
}

/**
 * @param options.keys For an encrypted backup. Without one that fits there is no manifest in what is returned.
 * @throws BACKUP_NOT_FOUND if there is no such backup.
 * @throws BACKUP_DAMAGED if it is encrypted, and the keys say that it was changed.
 */
export async function describeBackup(
  target: NamedTarget,
  name: string,
  { signal, keys }: Options & { readonly keys?: KeySource } = {},
): Promise<BackupDescription> {
  const client = new TargetClient(target, { signal });
  const { summary, manifest: stored } = await findBackup(client, name);
  const { manifest, unreadable } = stored ? await openIfPossible(client, stored, keys) : {};
  const text =
    summary.verified === null ? undefined : await client.readText(verifiedKey(name), 64 * 1024 * 1024);
  return {
    // What a key tells belongs to the summary too.
    summary: manifest?.recipients === undefined ? summary : { ...summary, ...namesOf(manifest) },
    manifest: manifest ?? null,
    ...(unreadable && { unreadable }),
    scan: text === undefined ? null : JSON.parse(text),
  };
}

async function openIfPossible(
  client: TargetClient,
  stored: StoredManifest,
  keys: KeySource | undefined,
): Promise<{ readonly manifest?: Manifest; readonly unreadable?: FailureReport }> {
  if (!isSealedManifest(stored)) return { manifest: stored };
  const identities = (await keys?.()) ?? [];
  if (identities.length === 0) return {};
  try {
    return { manifest: await openManifest(new ArchiveReader(client, async () => identities), stored) };
  } catch (error) {
    // Whose backup it is says the part that needs no key.
    if (!(error instanceof QuackupError) || error.code !== 'KEY_WRONG') throw error;
    return { unreadable: failureReport(error) };
  }
}

const namesOf = ({ databases, failed }: Manifest): Pick<BackupSummary, 'databases' | 'failedDatabases'> => ({
  databases: databases.map(({ name }) => name),
  failedDatabases: failed.map(({ name }) => name),
});

/** One backup. The manifests of the others are read too: they say what its removal would free. */
async function findBackup(client: TargetClient, name: string): Promise<ListedBackup> {
  const backups = await readBackups(client, await readContent(client));
  const backup = backups.find(({ summary }) => summary.name === name);
  if (backup === undefined) throw await notFound(client, name);
  return backup;
}
