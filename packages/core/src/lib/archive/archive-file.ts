import type { FileRole } from '../format/schema.ts';

/** The bytes of one chunk, or `undefined` for a hole: a free block, which is not stored. */
export interface FileChunk {
  readonly bytes: Uint8Array | undefined;
  /** Gives the buffer back to its owner; the bytes must not be touched afterwards. */
  release?(): void;
}

/** One file of a database as an archive takes it: see the index's `files`. */
export interface ArchiveFile {
  readonly database: string;
  readonly role: FileRole;
  readonly sizeBytes: number;
  readonly headBytes: number;
  readonly chunkBytes: number;
  readonly modifiedAt: Date;
  /** Somebody else is writing the database: work on its blocks leaves processor and disk to others. Default: false. */
  readonly inUse?: boolean;
  /**
   * Chunks in order, each exactly as long as the index will say. May be read again: it is the same state then, or the
   * snapshot's `confirm` rejects.
   *
   * @param blocks Numbers of the blocks of a database's main file that are wanted, ascending; its head comes before them in
   *   any case. Default: all. A sidecar gives all of its chunks always.
   */
  chunks(blocks?: Iterable<number>): AsyncIterable<FileChunk>;
}

/** Whether somebody else is writing the database, or one of those, that these files are of. */
export function isAnyInUse(files: readonly ArchiveFile[]): boolean {
  return files.some(({ inUse }) => inUse === true);
}

/** Names of a database's files in an archive and on disk: the database's own, or with the sidecar's ending. */
export function fileName(database: string, role: FileRole): string {
  return role === 'database' ? database : `${database}.${role}`;
}
