import type { SnapshotMethod } from '../api.ts';
import type { ArchiveFile } from '../archive/archive-file.ts';
import type { DatabaseEntry } from '../format/schema.ts';

/** A consistent state of one database, readable while the original goes on changing, or provably not changing. */
export interface Snapshot extends AsyncDisposable {
  readonly method: SnapshotMethod;
  /** When the state was the database's state. */
  readonly takenAt: Date;
  /** The database and those of its sidecars that belong to the state. */
  readonly files: readonly ArchiveFile[];
  /** What the files say of themselves. */
  readonly facts: Pick<
    DatabaseEntry,
    'mode' | 'storageVersion' | 'createdBy' | 'layout' | 'iteration' | 'walCommits' | 'warnings'
  >;
  /** Who had the database open when it was looked at, for messages; empty if nobody, or nobody that can be seen. */
  readonly heldBy?: string;
  /** How often the database was gone through, and how many bytes of blocks were read from it, for a frozen copy. */
  readonly passes?: number;
  readonly bytesRead?: number;
  /**
   * Of a frozen copy: makes it the file at `path`, synced, so that the database need not be written a second time.
   *
   * @returns false if it cannot be moved there; then it is to be read as ever.
   */
  readonly moveTo?: (path: string) => Promise<boolean>;
  /**
   * To be called when all files have been read: resolves if what was read is one state of the database.
   *
   * @throws SnapshotMoved if it is not; the database can be frozen instead.
   */
  confirm(): Promise<void>;
}

/** A database that was read in place changed under the reader. Never leaves core: the backup begins again with a frozen copy. */
export class SnapshotMoved extends Error {
  override readonly name = 'SnapshotMoved';
  readonly database: string;

  constructor(database: string, reason: string) {
    super(`${database} changed while it was read: ${reason}`);
    this.database = database;
  }
}
