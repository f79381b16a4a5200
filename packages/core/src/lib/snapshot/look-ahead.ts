/**
 * The look-ahead proof: how a copy of iteration N is accepted although its WAL holds no commit and the header has moved.
 *
 * Without a commit in the WAL a checkpoint leaves no marker, and DuckDB 1.5 may overwrite blocks of iteration N from the
 * moment it frees them until header N+1 is on disk. Between the two it writes its metadata blocks. Which ones those are
 * becomes known with N+1: blocks that hold sub-blocks which were free under N. So what stood in every block that could
 * become one is noted *after* the last block was copied, and compared when N+1 is there: if all of them have been written
 * only since, the checkpoint was not that far when the last block was copied.
 *
 * Between freeing and the first of these writes DuckDB runs a few instructions without its lock
 * (`SingleFileBlockManager::WriteHeader`, v1.5.5): a thread could be kept from running just there. So the note is taken
 * no earlier than {@link MARGIN_MS} after the last block was copied.
 *
 * Sub-blocks are compared, not blocks: checkpoint N+2 may write the same blocks again, but leaves alone the sub-blocks
 * that N+1 uses. Checksums are compared for being *different* only, for which an order-blind sum is good enough.
 */
import { type BlockUse, CHECKSUM_SIZE, duckdbChecksum, SUB_BLOCKS, subBlockSize } from '@quackup/duckdb-file';

import { orderedMap } from '../archive/ordered-map.ts';
import type { Blocks, DatabaseReader } from './database-reader.ts';
import { blockIds } from './snapshot-files.ts';

/** How long after the last block was copied the note is taken, milliseconds. */
export const MARGIN_MS = 100;

/** Reads at once. */
const READ_AHEAD = 8;

/** Sums of a block's sub-blocks, as many as were read; none if the file ended before it. */
type SubBlockSums = readonly bigint[];

export class LookAhead {
  readonly #use: BlockUse;
  readonly #noted: ReadonlyMap<number, SubBlockSums>;

  private constructor(use: BlockUse, noted: ReadonlyMap<number, SubBlockSums>) {
    this.#use = use;
    this.#noted = noted;
  }

  /**
   * Notes what stands in every block that the next checkpoint may write metadata to: the metadata blocks of `use`, all
   * sub-blocks of them, and the free blocks up to the end of the file, the first sub-block of each.
   *
   * The caller sees to it that the head is that of `use` before and after.
   */
  static async take(reader: DatabaseReader, use: BlockUse, blockSize: number): Promise<LookAhead> {
    const first = CHECKSUM_SIZE + subBlockSize(blockSize);
    const inFile = Math.ceil((await reader.size()) / blockSize);
    const candidates = blockIds(Math.max(use.blockCount, inFile)).filter(
      (id) => use.isMetadata(id) || !use.isUsed(id),
    );
    const noted = new Map<number, SubBlockSums>();
    const sums = orderedMap(candidates, READ_AHEAD, async (id) => {
      const bytes = await reader.readBeginning(id, blockSize, use.isMetadata(id) ? blockSize : first);
      return [id, sumSubBlocks(bytes, blockSize)] as const;
    });
    for await (const [id, ofBlock] of sums) noted.set(id, ofBlock);
    return new LookAhead(use, noted);
  }

  /**
   * @param next The blocks of the iteration that follows directly.
   * @returns whether everything that its checkpoint wrote to metadata blocks was written after the note was taken. False if
   *   that cannot be told.
   */
  async provesNoneWritten(reader: DatabaseReader, next: Blocks): Promise<boolean> {
    if (next.use === undefined) return false;
    const written = newSubBlocks(this.#use, next.use);
    for (const [id, subBlocks] of written) {
      // A block in use cannot have become free and metadata within one checkpoint: something is not as we think.
      if (this.#use.isUsed(id) && !this.#use.isMetadata(id)) return false;
      const then = this.#noted.get(id) ?? [];
      const now = sumSubBlocks(
        await reader.readBeginning(id, next.blockSize, next.blockSize),
        next.blockSize,
      );
      // A block is written as a whole, so one sub-block that came later tells of all of them.
      const isLater = then.length === 0 || subBlocks.some((k) => k < then.length && then[k] !== now[k]);
      if (!isLater) return false;
    }
    // A checkpoint always writes a new root, so seeing nothing new is seeing too little.
    return written.size > 0;
  }
}

/** Metadata blocks that hold sub-blocks which are in use under `next` and were not under `before`, with their indexes. */
export function newSubBlocks(
  before: Pick<BlockUse, 'metadata'>,
  next: Pick<BlockUse, 'metadata'>,
): Map<number, number[]> {
  const written = new Map<number, number[]>();
  for (const [id, freeNow] of next.metadata) {
    const freeBefore = before.metadata.get(id) ?? (1n << BigInt(SUB_BLOCKS)) - 1n;
    const subBlocks: number[] = [];
    for (let k = 0; k < SUB_BLOCKS; k += 1) {
      const bit = 1n << BigInt(k);
      if ((freeBefore & bit) !== 0n && (freeNow & bit) === 0n) subBlocks.push(k);
    }
    if (subBlocks.length > 0) written.set(id, subBlocks);
  }
  return written;
}

/** Sums of the sub-blocks that lie whole in `bytes`, the beginning of a block. */
function sumSubBlocks(bytes: Buffer, blockSize: number): bigint[] {
  const size = subBlockSize(blockSize);
  const sums: bigint[] = [];
  for (let at = CHECKSUM_SIZE; at + size <= bytes.length && sums.length < SUB_BLOCKS; at += size) {
    sums.push(duckdbChecksum(bytes.subarray(at, at + size)));
  }
  return sums;
}
