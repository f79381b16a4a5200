// How an object of unknown length is cut into parts. S3 takes 10,000 parts of 5 MiB to 5 GiB and objects of 5 TiB; all
// parts but the last are sent while nobody knows how many will follow. So they grow with their number n, from 1:
//
//   size(n) = 8 MiB + 17 n² bytes,  size(1) + ... + size(10,000) ≈ 5.2 TiB
//
//   object     1 GiB   10 GiB   100 GiB   300 GiB   1 TiB     5 TiB
//   parts      127     856      2,481     3,717     5,704     9,850
//   last part  8 MiB   20 MiB   108 MiB   232 MiB   535 MiB   1.5 GiB
//
// The quadratic growth keeps the parts of most backups small, and the last ones of the largest far below 5 GiB.

export const MIB: number = 1024 * 1024;

/** S3's own limits: "Amazon S3 multipart upload limits". */
export const MAX_PARTS = 10_000;
export const MIN_PART_SIZE: number = 5 * MIB;
export const MAX_PART_SIZE: number = 5 * 1024 * MIB;
export const MAX_OBJECT_SIZE: number = 5 * 1024 * 1024 * MIB;

const FIRST_PART_SIZE = 8 * MIB;
const GROWTH = 17;

/** How many bytes of parts may be in memory at most, unless two parts alone have more: all four lanes up to parts of 25 MiB. */
const MEMORY = 128 * MIB;

/** The sizes of an object's parts. */
export interface PartPlan {
  /** Bytes of the part with this number, from 1, unless the object ends in it. */
  readonly sizeOf: (this: void, number: number) => number;
  /** Bytes of the largest object that these parts can hold. */
  readonly maxObjectSize: number;
}

/** The plan for an object. @param fixedSize Bytes of every part. Absent: they grow. @param objectSize Bytes of the object, if known. */
export function planParts(fixedSize?: number, objectSize?: number): PartPlan {
  if (fixedSize !== undefined) {
    return { sizeOf: () => fixedSize, maxObjectSize: Math.min(MAX_OBJECT_SIZE, MAX_PARTS * fixedSize) };
  }
  if (objectSize !== undefined) {
    const even = Math.max(FIRST_PART_SIZE, Math.ceil(objectSize / MAX_PARTS));
    return { sizeOf: () => even, maxObjectSize: MAX_OBJECT_SIZE };
  }
  return { sizeOf: (number) => FIRST_PART_SIZE + GROWTH * number ** 2, maxObjectSize: MAX_OBJECT_SIZE };
}

/**
 * How many parts of this size may be on their way while the next one is read: fewer, the larger they are.
 *
 * @param parallelParts The most that is wanted.
 */
export function partsInFlight(partSize: number, parallelParts: number): number {
  const room = Math.max(MEMORY, (parallelParts + 1) * (FIRST_PART_SIZE + MIB));
  return Math.max(1, Math.min(parallelParts, Math.floor(room / partSize) - 1));
}
