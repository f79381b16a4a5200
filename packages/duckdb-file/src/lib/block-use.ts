/**
 * Which blocks of a database are in use. The chain at the header's free-list pointer (see metadata-stream.ts) holds
 * (DuckDB: `SingleFileBlockManager::LoadFreeList`, `MetadataManager::Read`):
 *
 *     u64 n, then n times: i64 block                      free blocks
 *     u64 n, then n times: i64 block, u32 uses            blocks that several column segments share
 *     u64 n, then n times: i64 block, u64 mask            metadata blocks with a bit for each free sub-block
 *
 * In use is every block below the block count that is not listed as free.
 */
import { BlockSet } from './block-set.ts';
import type { DatabaseHeader } from './database-header.ts';
import { DuckdbFileError } from './duckdb-file-error.ts';
import { MetadataStream, NO_POINTER } from './metadata-stream.ts';

/** Which blocks the active header has in use. */
export interface BlockUse {
  /** Of the header. Ids from here on are neither used nor counted as free. */
  readonly blockCount: number;
  /** Blocks below the block count that are in use, so that a copy must hold them. */
  readonly usedCount: number;
  /** Blocks below the block count that are free. `usedCount + freeCount` is `blockCount`. */
  readonly freeCount: number;
  /** Metadata blocks, each with a mask of its free sub-blocks: bit `k` for sub-block `k`. */
  readonly metadata: ReadonlyMap<number, bigint>;
  /** Blocks that several column segments share, each with their number. */
  readonly multiUse: ReadonlyMap<number, number>;
  isUsed(id: number): boolean;
  isMetadata(id: number): boolean;
}

/** Above this an id is no exact number, and no block either. */
const MAX_ID = BigInt(Number.MAX_SAFE_INTEGER);

class FreeListUse implements BlockUse {
  readonly blockCount: number;
  readonly metadata: ReadonlyMap<number, bigint>;
  readonly multiUse: ReadonlyMap<number, number>;
  readonly #free: BlockSet;

  constructor(
    blockCount: number,
    free: BlockSet,
    metadata: ReadonlyMap<number, bigint>,
    multiUse: ReadonlyMap<number, number>,
  ) {
    this.blockCount = blockCount;
    this.#free = free;
    this.metadata = metadata;
    this.multiUse = multiUse;
  }

  get usedCount(): number {
    return this.blockCount - this.#free.size;
  }

  get freeCount(): number {
    return this.#free.size;
  }

  isUsed(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.blockCount && !this.#free.has(id);
  }

  isMetadata(id: number): boolean {
    return this.metadata.has(id);
  }
}

async function blockId(stream: MetadataStream): Promise<number> {
  const id = await stream.uint64();
  if (id > MAX_ID) throw new DuckdbFileError('TORN', `the free list names block ${BigInt.asIntN(64, id)}`);
  return Number(id);
}

function twice(id: number): DuckdbFileError {
  return new DuckdbFileError('TORN', `the free list names block ${id} twice`);
}

/** Calls `read` as often as the stream's next number says. The number is not believed: the chain ends before it does. */
async function times(stream: MetadataStream, read: () => Promise<void>): Promise<void> {
  for (let left = await stream.uint64(); left > 0n; left -= 1n) await read();
}

/**
 * Reads the free list of a header.
 *
 * @param active the header to go by: the active one of a clear layout.
 * @param readBlock gives the whole block with this id, of `active.blockSize` bytes; fewer if the file ends within it. It
 *   may give the same array each time: nothing is kept of a block after the next call. What it throws passes unwrapped.
 * @returns the blocks in use. A header without a free list has all its blocks in use, and no metadata block is known.
 *   A block that is listed as free and also as metadata or shared, or that the list itself lies in, counts as used.
 *   Memory: a bit per block where there are free ones, and the two maps.
 * @throws TORN if a block does not match its checksum or is cut off, or if the list is impossible: a pointer to nowhere, a
 *   loop, an early end, a block that is listed twice.
 */
export async function readBlockUse(
  active: DatabaseHeader,
  readBlock: (id: number) => Promise<Uint8Array>,
): Promise<BlockUse> {
  const free = new BlockSet();
  const metadata = new Map<number, bigint>();
  const multiUse = new Map<number, number>();
  if (active.freeList === NO_POINTER) return new FreeListUse(active.blockCount, free, metadata, multiUse);

  const stream = new MetadataStream(active, active.freeList, readBlock);
  await times(stream, async () => {
    const id = await blockId(stream);
    // DuckDB leaves free blocks in the list that it has cut off the file: they are no blocks any more.
    if (id < active.blockCount && !free.add(id)) throw twice(id);
  });
  await times(stream, async () => {
    const id = await blockId(stream);
    if (multiUse.has(id)) throw twice(id);
    multiUse.set(id, await stream.uint32());
  });
  await times(stream, async () => {
    const id = await blockId(stream);
    if (metadata.has(id)) throw twice(id);
    metadata.set(id, await stream.uint64());
  });
  // DuckDB does not write such a contradiction; if there is one, storing a block too many is the safe side.
  for (const id of [...multiUse.keys(), ...metadata.keys(), ...stream.blocks]) free.delete(id);
  return new FreeListUse(active.blockCount, free, metadata, multiUse);
}
