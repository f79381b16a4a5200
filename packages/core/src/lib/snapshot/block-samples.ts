/**
 * What stood at the beginning of each block when it was copied: DuckDB's checksum of the block and its first data, as a
 * short digest. It tells of a trusted block that was written since although it should not have been (docs/hot-copy.md).
 *
 * A sample of a block, not the block: DuckDB's checksum does not see order, so a block that begins with the same data and
 * holds the same words in another order behind it looks the same.
 */
import { hash } from 'node:crypto';

/** Of large blocks, one page of the system's cache; of small ones less, so that comparing all of them stays cheap. */
const MAX_SAMPLE_BYTES = 4096;
const SMALLEST_PART = 16;

/** How much of the beginning of a block is looked at. */
export function sampleBytes(blockSize: number): number {
  return Math.min(MAX_SAMPLE_BYTES, blockSize / SMALLEST_PART);
}

/** The digest of a block's beginning: 64 bits of its SHA-256. */
export function digestOf(beginning: Uint8Array): bigint {
  return hash('sha256', beginning, 'buffer').readBigUInt64LE();
}

/** Eight bytes for each block of a database. */
export class BlockSamples {
  #digests = new BigUint64Array(0);

  /** Block `id` is copied with this content. */
  copied(id: number, block: Uint8Array): void {
    if (id >= this.#digests.length) {
      const larger = new BigUint64Array(Math.max(id + 1, this.#digests.length * 2));
      larger.set(this.#digests);
      this.#digests = larger;
    }
    this.#digests[id] = digestOf(block.subarray(0, sampleBytes(block.length)));
  }

  /** Of the block as it was copied last; undefined if it never was. */
  of(id: number): bigint | undefined {
    return this.#digests[id];
  }
}
