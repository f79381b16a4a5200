import { isBackupName } from '../format/backup-name.ts';
import type { FileRole } from '../format/schema.ts';
import { openOpenQuantSource } from '../openquant/restore-openquant.ts';
import type { KeySource } from '../encryption/encryption.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { loadIndex, loadManifest, notFound, openManifest } from '../read/load-backup.ts';
import type { TargetClient } from '../target/target-client.ts';
import { bytesOnDisk, filesOfDatabase, writeSet } from './write-set.ts';

export interface WriteOptions {
  /** Where each file goes. */
  readonly pathOf: (role: FileRole) => string;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A backup as a restore sees it, whoever wrote it. */
export interface RestoreSource extends AsyncDisposable {
  readonly backup: string;
  readonly databases: readonly { readonly name: string; /** Of the original. */ readonly path: string }[];
  /** Databases that failed when it was made, and are not in it. */
  readonly failed: readonly string[];
  /** The files that it has of a database. */
  rolesOf(database: string): readonly FileRole[];
  /** Bytes of a database as restored. */
  sizeOf(database: string): number;
  /** Bytes that it takes on disk. */
  bytesOnDisk(database: string): number;
  /** Writes its files, checked and synced. @returns which. @throws BACKUP_DAMAGED, ARCHIVE_HOSTILE */
  write(database: string, options: WriteOptions): Promise<FileRole[]>;
}

/** @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED, FORMAT_UNSUPPORTED, KEY_REQUIRED, KEY_WRONG */
export async function openRestoreSource(
  client: TargetClient,
  name: string,
  keys?: KeySource,
): Promise<RestoreSource> {
  const stored = isBackupName(name) ? await loadManifest(client, name) : undefined;
  if (stored === undefined) {
    const source = await openOpenQuantSource(client, name);
    if (source === undefined) throw await notFound(client, name);
    return source;
  }
  const archives = new ArchiveReader(client, keys);
  const manifest = await openManifest(archives, stored);
  const index = await loadIndex(archives, manifest);
  const modes = new Map(manifest.databases.map((entry) => [entry.name, entry.mode]));
  return {
    backup: name,
    databases: manifest.databases.map(({ name, path }) => ({ name, path })),
    failed: manifest.failed.map(({ name }) => name),
    rolesOf: (database) => filesOfDatabase(index, database).map(({ role }) => role),
    sizeOf: (database) =>
      filesOfDatabase(index, database).reduce(
        (sum, { file }) => sum + (index.head.files[file]?.sizeBytes ?? 0),
        0,
      ),
    bytesOnDisk: (database) => bytesOnDisk(index, database),
    write: (database, options) =>
      writeSet(archives, index, database, { ...options, mode: modes.get(database) ?? 0o600 }),
    [Symbol.asyncDispose]: async () => {},
  };
}
