// How a blob of unknown length is cut into blocks. Azure takes 50,000 blocks of at most 4,000 MiB; all blocks but the last
// are sent while nobody knows how many will follow. So they grow with their number n, from 1:
//
//   size(n) = 8 MiB + 5 n² / 3 bytes,  size(1) + ... + size(50,000) ≈ 63.5 TiB,  size(50,000) ≈ 3,982 MiB
//
// The quadratic growth keeps the blocks of most backups small; see the table in the README.

export const MIB: number = 1024 * 1024;

/** Azure's own limits: "Scalability and performance targets for Blob storage". */
export const MAX_BLOCKS = 50_000;
export const MAX_BLOCK_SIZE: number = 4000 * MIB;

const FIRST_BLOCK_SIZE = 8 * MIB;
// Rounded down from 63.5 TiB.
const MAX_GROWING_SIZE = 63 * 1024 * 1024 * MIB;

/** How many bytes of blocks may be in memory at most, unless two blocks alone have more: all four lanes up to blocks of 25 MiB. */
const MEMORY = 128 * MIB;

/** The sizes of a blob's blocks. */
export interface BlockPlan {
  /** Bytes of the block with this number, from 1, unless the blob ends in it. */
  readonly sizeOf: (this: void, number: number) => number;
  /** Bytes of the largest blob that these blocks can hold. */
  readonly maxObjectSize: number;
}

/** The plan for a blob. @param fixedSize Bytes of every block. Absent: they grow. @param objectSize Bytes of the blob, if known. */
export function planBlocks(fixedSize?: number, objectSize?: number): BlockPlan {
  if (fixedSize !== undefined) return { sizeOf: () => fixedSize, maxObjectSize: MAX_BLOCKS * fixedSize };
  if (objectSize !== undefined) {
    const even = Math.max(FIRST_BLOCK_SIZE, Math.ceil(objectSize / MAX_BLOCKS));
    return { sizeOf: () => even, maxObjectSize: MAX_GROWING_SIZE };
  }
  return {
    sizeOf: (number) => FIRST_BLOCK_SIZE + Math.floor((5 * number ** 2) / 3),
    maxObjectSize: MAX_GROWING_SIZE,
  };
}

/**
 * How many blocks of this size may be on their way while the next one is read: fewer, the larger they are.
 *
 * @param parallelBlocks The most that is wanted.
 */
export function blocksInFlight(blockSize: number, parallelBlocks: number): number {
  const room = Math.max(MEMORY, (parallelBlocks + 1) * (FIRST_BLOCK_SIZE + MIB));
  return Math.max(1, Math.min(parallelBlocks, Math.floor(room / blockSize) - 1));
}
