import { isBackupName } from '../format/backup-name.ts';
import type { FileRole } from '../format/schema.ts';
import { openOpenQuantSource } from '../openquant/restore-openquant.ts';
import { loadIndex, loadManifest, notFound } from '../read/load-backup.ts';
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
  /** Bytes of a database as restored. */
  sizeOf(database: string): number;
  /** Bytes that it takes on disk. */
  bytesOnDisk(database: string): number;
  /** Writes its files, checked and synced. @returns which. @throws BACKUP_DAMAGED, ARCHIVE_HOSTILE */
  write(database: string, options: WriteOptions): Promise<FileRole[]>;
}

/** @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED, FORMAT_UNSUPPORTED */
export async function openRestoreSource(client: TargetClient, name: string): Promise<RestoreSource> {
  const manifest = isBackupName(name) ? await loadManifest(client, name) : undefined;
  if (manifest === undefined) {
    const source = await openOpenQuantSource(client, name);
    if (source === undefined) throw notFound(client, name);
    return source;
  }
  const index = await loadIndex(client, manifest);
  const modes = new Map(manifest.databases.map((entry) => [entry.name, entry.mode]));
  return {
    backup: name,
    databases: manifest.databases.map(({ name, path }) => ({ name, path })),
    sizeOf: (database) =>
      filesOfDatabase(index, database).reduce(
        (sum, { file }) => sum + (index.head.files[file]?.sizeBytes ?? 0),
        0,
      ),
    bytesOnDisk: (database) => bytesOnDisk(index, database),
    write: (database, options) =>
      writeSet(client, index, database, { ...options, mode: modes.get(database) ?? 0o600 }),
    [Symbol.asyncDispose]: async () => {},
  };
}
