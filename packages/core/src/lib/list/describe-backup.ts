import type { BackupSummary, NamedTarget } from '../api.ts';
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
  /** All that is known; null for OpenQuant archives, damaged manifests, and encrypted ones without a key. */
  readonly manifest: Manifest | null;
  /** What the last scan found, as stored; null if there was none. */
  readonly scan: unknown;
}

interface Options {
  readonly signal?: AbortSignal;
}

/**
 * @param options.keys For an encrypted backup. Without one there is no manifest in what is returned.
 * @throws BACKUP_NOT_FOUND if there is no such backup.
 * @throws KEY_WRONG, BACKUP_DAMAGED if it is encrypted, and the keys do not open it, or say that it was changed.
 */
export async function describeBackup(
  target: NamedTarget,
  name: string,
  { signal, keys }: Options & { readonly keys?: KeySource } = {},
): Promise<BackupDescription> {
  const client = new TargetClient(target, { signal });
  const { summary, manifest: stored } = await findBackup(client, name);
  const manifest = stored && (await openIfPossible(client, stored, keys));
  const text =
    summary.verified === null ? undefined : await client.readText(verifiedKey(name), 64 * 1024 * 1024);
  return {
    // What a key tells belongs to the summary too.
    summary: manifest?.recipients === undefined ? summary : { ...summary, ...namesOf(manifest) },
    manifest: manifest ?? null,
    scan: text === undefined ? null : JSON.parse(text),
  };
}

async function openIfPossible(
  client: TargetClient,
  stored: StoredManifest,
  keys: KeySource | undefined,
): Promise<Manifest | undefined> {
  if (!isSealedManifest(stored)) return stored;
  const identities = (await keys?.()) ?? [];
  return identities.length === 0
    ? undefined
    : openManifest(new ArchiveReader(client, async () => identities), stored);
}

const namesOf = ({ databases, failed }: Manifest): Pick<BackupSummary, 'databases' | 'failedDatabases'> => ({
  databases: databases.map(({ name }) => name),
  failedDatabases: failed.map(({ name }) => name),
});

/** One backup. The manifests of the others are read too: they say what its removal would free. */
async function findBackup(client: TargetClient, name: string): Promise<ListedBackup> {
  const backups = await readBackups(client, await readContent(client));
  const backup = backups.find(({ summary }) => summary.name === name);
  if (backup === undefined) throw notFound(client, name);
  return backup;
}
