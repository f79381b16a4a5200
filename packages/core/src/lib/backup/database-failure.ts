import type { ArchiveFile, FileChunk } from '../archive/archive-file.ts';
import { type Snapshot, SnapshotMoved } from '../snapshot/snapshot.ts';

/** A database failed while the archive was being written: the archive begins again without it. Never leaves core. */
export class DatabaseFailure extends Error {
  override readonly name = 'DatabaseFailure';
  readonly database: string;

  constructor(database: string, cause: unknown) {
    super(`${database} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.database = database;
  }
}

/** The snapshot's files, with every error marked as this database's. */
export function guarded(
  database: string,
  snapshot: Snapshot,
): { readonly files: readonly ArchiveFile[]; confirm(): Promise<void> } {
  return {
    files: snapshot.files.map((file) => ({
      ...file,
      chunks: (blocks) => marked(database, file.chunks(blocks)),
    })),
    confirm: async () => {
      try {
        await snapshot.confirm();
      } catch (error) {
        throw mark(database, error);
      }
    },
  };
}

async function* marked(
  database: string,
  chunks: AsyncIterable<FileChunk>,
): AsyncGenerator<FileChunk, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    throw mark(database, error);
  }
}

function mark(database: string, error: unknown): Error {
  return error instanceof SnapshotMoved
    ? new SnapshotMoved(database, error.message)
    : new DatabaseFailure(database, error);
}
