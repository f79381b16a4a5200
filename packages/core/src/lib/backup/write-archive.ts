/**
 * Writes the archive to every target that works. A database that moves while it is read in place is frozen, one that fails is
 * left out; either way the archive begins again.
 */
import type { BackupKind } from '../api.ts';
import { ArchiveWriter } from '../archive/archive-writer.ts';
import { DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { formatMetadata } from '../format/metadata.ts';
import type { DatabaseEntry } from '../format/schema.ts';
import { SnapshotMoved } from '../snapshot/snapshot.ts';
import type { BackupRun } from './backup-run.ts';
import { DatabaseFailure, guarded } from './database-failure.ts';
import { failedDatabases } from './failed-databases.ts';
import { openDatabases, type OpenDatabase } from './open-databases.ts';
import type { Storage } from './plan-storage.ts';
import { type ChosenStorage, StorageChooser } from './storage-chooser.ts';
import type { StoredArchive } from './stored-archive.ts';
import { uploadArchive } from './upload-archive.ts';

/** A backup whose archive is on the targets, before a manifest says that it is there. */
export interface UnlistedBackup {
  readonly kind: BackupKind;
  /** Why nothing of earlier backups was reused, if that was not asked for. */
  readonly fullReason?: string;
  /** The databases in it. */
  readonly entries: readonly DatabaseEntry[];
  /** Bytes that earlier archives hold already, by the name of the database. */
  readonly reusedBytes: ReadonlyMap<string, number>;
  /** By the name of the target. */
  readonly stored: ReadonlyMap<string, StoredArchive>;
}

/** @throws BACKUP_FAILED if no database is left; TARGET_FAILED if no target is. */
export async function writeArchive(run: BackupRun): Promise<UnlistedBackup> {
  const chooser = new StorageChooser(run);
  const frozen = new Set<string>();
  for (;;) {
    await using stack = new AsyncDisposableStack();
    const opened = await openDatabases(run, frozen, stack);
    try {
      return await storeOpened(run, opened, chooser);
    } catch (error) {
      if (error instanceof SnapshotMoved) frozen.add(error.database);
      else if (error instanceof DatabaseFailure) run.failed.set(error.database, error.cause);
      else throw error;
      run.options.onProgress?.({
        type: 'message',
        level: 'info',
        text: `${error.message}; starting again`,
      });
    }
  }
}

async function storeOpened(
  run: BackupRun,
  opened: readonly OpenDatabase[],
  chooser: StorageChooser,
): Promise<UnlistedBackup> {
  const { options, reservation } = run;
  const { encryption, onProgress, signal } = options;
  const task = 'archive';
  const databases = opened.map(({ source, snapshot }) => guarded(source.name, snapshot));
  const storage = await chooser.choose(databases.flatMap(({ files }) => files));
  onProgress?.({
    type: 'task-start',
    task,
    label: storage.kind === 'full' ? 'backing up' : 'storing what changed',
    totalBytes: bytesToStore(storage),
  });
  let entries: readonly DatabaseEntry[] = [];
  const writer = new ArchiveWriter({
    name: reservation.name,
    archiveName: run.archive,
    createdAt: run.source.createdAt,
    isEncrypted: encryption !== undefined,
    codec: run.codec,
    compression: options.compression ?? DEFAULT_COMPRESSION,
    metadata: metadataOf(run, storage, opened),
    databases: databases.map((database) => ({
      files: database.files.map((file) => storage.files.get(file) ?? file),
      confirm: () => database.confirm(),
    })),
    describe: (stored) => {
      entries = opened.map((database) => databaseEntry(database, stored));
      return { kind: storage.kind, databases: [...entries], failed: failedDatabases(run) };
    },
    onChunk: (_database, bytes) => onProgress?.({ type: 'task-advance', task, bytes }),
  });
  try {
    const stored = await uploadArchive(writer, reservation, {
      key: run.archive,
      bases: storage.bases,
      encryption,
    });
    signal?.throwIfAborted();
    reservation.checkAlive();
    const { kind, fullReason } = storage;
    return {
      kind,
      ...(fullReason !== undefined && { fullReason }),
      entries,
      reusedBytes: reusedBytes(storage),
      stored,
    };
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
}

function bytesToStore({ files }: Storage): number {
  return [...files.values()].reduce(
    (sum, { selection, sizeBytes }) => sum + (selection?.storedBytes ?? sizeBytes),
    0,
  );
}

function metadataOf(
  { reservation, source }: BackupRun,
  { kind }: ChosenStorage,
  opened: readonly OpenDatabase[],
): string {
  return formatMetadata({
    name: reservation.name,
    kind,
    createdAt: source.createdAt,
    databases: opened.map(({ source: { name, path }, snapshot }) => ({
      name,
      path,
      sizeBytes: snapshot.files[0]?.sizeBytes ?? 0,
    })),
  });
}

function databaseEntry(
  { source: { name, path }, snapshot }: OpenDatabase,
  stored: ReadonlyMap<string, number>,
): DatabaseEntry {
  return {
    name,
    path,
    method: snapshot.method,
    takenAt: snapshot.takenAt.toISOString(),
    sizeBytes: snapshot.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    storedBytes: stored.get(name) ?? 0,
    ...snapshot.facts,
  };
}

function reusedBytes({ files }: Storage): ReadonlyMap<string, number> {
  return new Map(
    [...files.values()].flatMap(({ role, database, selection, chunkBytes }) =>
      role === 'database' ? [[database, (selection?.reusedCount ?? 0) * chunkBytes] as const] : [],
    ),
  );
}
