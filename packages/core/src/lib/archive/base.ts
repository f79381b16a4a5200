import type { ArchiveReference } from '../format/schema.ts';
import type { ChunkTable } from './chunk-table.ts';
import type { IndexedFile } from './index-file.ts';

/**
 * The base of an incremental backup: the last backup on the same target, whose index says what lies where already. Each
 * target has its own.
 */
export interface Base {
  readonly backup: string;
  /** Its archives by their number in its index: number 0 is its own. All of them were there when it was loaded. */
  readonly archives: readonly ArchiveReference[];
  /** Where the chunks of a file lie, if the base has that file with the same grid of blocks. */
  tableOf(file: Pick<IndexedFile, 'database' | 'role' | 'headBytes' | 'chunkBytes'>): ChunkTable | undefined;
}
