/**
 * DuckDB's checksum (`src/common/checksum.cpp`, the same in 1.1 to 1.5), modulo 2^64:
 *
 *     sum = 5381 ^ (word 0 * MULTIPLIER) ^ (word 1 * MULTIPLIER) ^ …     words of 8 bytes, little-endian
 *     and if 1 to 7 bytes are left over:  sum ^= remainder(those bytes)
 *
 * It finds torn reads. It does not tell contents apart: the order of the words does not matter and equal words cancel,
 * so equal checksums never prove equal blocks.
 */
import { KERNEL_BYTES, sumWords } from './checksum-kernel.ts';
import { CHECKSUM_SIZE } from './constants.ts';
import { readUint64 } from './read-uint64.ts';

const START = 5381n;
const WORD_BYTES = 8;

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** `ChecksumRemainder` for 1 to 7 bytes: MurmurHash64A with this seed and multiplier. */
function remainder(bytes: Uint8Array): bigint {
  const multiplier = 0xc6a4a7935bd1e995n;
  let hash = wrap(0xe17a1465n ^ (BigInt(bytes.length) * multiplier));
  for (const [index, byte] of bytes.entries()) hash ^= BigInt(byte) << BigInt(8 * index);
  hash = wrap(hash * multiplier);
  hash ^= hash >> 47n;
  hash = wrap(hash * multiplier);
  return hash ^ (hash >> 47n);
}

/** The checksum of bytes that come in pieces of any size. Keeps at most 7 of them. */
export class RunningChecksum {
  #sum = START;
  readonly #carry = new Uint8Array(WORD_BYTES);
  #carried = 0;

  add(bytes: Uint8Array): void {
    let at = 0;
    if (this.#carried > 0) {
      at = Math.min(WORD_BYTES - this.#carried, bytes.length);
      this.#carry.set(bytes.subarray(0, at), this.#carried);
      this.#carried += at;
      if (this.#carried < WORD_BYTES) return;
      this.#sum ^= sumWords(this.#carry);
      this.#carried = 0;
    }
    const wordsEnd = bytes.length - ((bytes.length - at) % WORD_BYTES);
    for (; at < wordsEnd; at += KERNEL_BYTES) {
      this.#sum ^= sumWords(bytes.subarray(at, Math.min(at + KERNEL_BYTES, wordsEnd)));
    }
    this.#carry.set(bytes.subarray(wordsEnd));
    this.#carried = bytes.length - wordsEnd;
  }

  /** The checksum of everything added so far. */
  value(): bigint {
    return this.#carried === 0 ? this.#sum : this.#sum ^ remainder(this.#carry.subarray(0, this.#carried));
  }
}

/**
 * DuckDB's checksum of `bytes`.
 *
 * @param bytes of any length and alignment.
 * @returns an unsigned 64-bit number; 5381 for no bytes, and for zeros in whole words.
 */
export function duckdbChecksum(bytes: Uint8Array): bigint {
  const checksum = new RunningChecksum();
  checksum.add(bytes);
  return checksum.value();
}

/**
 * The checksum that a block or header slot carries in its first 8 bytes.
 *
 * @throws RangeError if there are fewer than 8 bytes.
 */
export function storedBlockChecksum(block: Uint8Array): bigint {
  return readUint64(block, 0);
}

/**
 * Whether a whole block or header slot is as DuckDB wrote it: its first 8 bytes are the checksum of the rest.
 * Any change within one 8-byte word is found for certain. A block of zeros is not valid, nor is one below 8 bytes.
 */
export function isBlockValid(block: Uint8Array): boolean {
  if (block.length < CHECKSUM_SIZE) return false;
  return storedBlockChecksum(block) === duckdbChecksum(block.subarray(CHECKSUM_SIZE));
}
