/**
 * Metadata is a stream of bytes over a chain of sub-blocks. A metadata block is an ordinary block cut in 64 sub-blocks
 * (DuckDB: `MetadataManager`, `MetadataReader`):
 *
 *       0  checksum of the block
 *       8  sub-block 0, 1, … 63, each of floor((block size - 8) / 64) bytes, rounded down to a multiple of 8
 *
 *     sub-block:   0  pointer of the next sub-block; all ones: this is the last
 *                  8  payload; a value may begin in one sub-block and end in the next
 *
 * A pointer has the block's id in its low 56 bits and the sub-block's index in the high 8 bits.
 */
import { isBlockValid } from './checksum.ts';
import { CHECKSUM_SIZE } from './constants.ts';
import type { DatabaseHeader } from './database-header.ts';
import { DuckdbFileError } from './duckdb-file-error.ts';
import { readUint64 } from './read-uint64.ts';

/** The pointer to nowhere. */
export const NO_POINTER = 0xffff_ffff_ffff_ffffn;

/** Sub-blocks of a metadata block; their state fits in a mask of 64 bits. */
export const SUB_BLOCKS = 64;
const POINTER_BYTES = 8;

/** Bytes of a sub-block: 4088 for 256 KiB, 248 for 16 KiB. */
export function subBlockSize(blockSize: number): number {
  return Math.floor((blockSize - CHECKSUM_SIZE) / SUB_BLOCKS / 8) * 8;
}

/**
 * Reads one chain from its start. Holds one block at a time. Every block is checked, and no sub-block is read twice, so
 * it ends whatever the blocks say.
 */
export class MetadataStream {
  readonly #header: DatabaseHeader;
  readonly #readBlock: (id: number) => Promise<Uint8Array>;
  readonly #subBlockSize: number;
  /** Block id to the mask of sub-blocks that this chain has come through. */
  readonly #visited = new Map<number, bigint>();
  #next: bigint;
  #block: { readonly id: number; readonly bytes: Uint8Array } | undefined;
  #payload: Uint8Array = new Uint8Array(0);

  constructor(header: DatabaseHeader, start: bigint, readBlock: (id: number) => Promise<Uint8Array>) {
    this.#header = header;
    this.#readBlock = readBlock;
    this.#subBlockSize = subBlockSize(header.blockSize);
    this.#next = start;
  }

  /** Ids of the blocks that the chain has come through so far. */
  get blocks(): Iterable<number> {
    return this.#visited.keys();
  }

  async uint64(): Promise<bigint> {
    return readUint64(await this.#take(8), 0);
  }

  async uint32(): Promise<number> {
    const bytes = await this.#take(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  }

  async #take(count: number): Promise<Uint8Array> {
    if (this.#payload.length < count) {
      const value = new Uint8Array(count);
      for (let filled = 0; filled < count;) {
        if (this.#payload.length === 0) await this.#advance();
        const piece = this.#cut(Math.min(count - filled, this.#payload.length));
        value.set(piece, filled);
        filled += piece.length;
      }
      return value;
    }
    return this.#cut(count);
  }

  #cut(count: number): Uint8Array {
    const piece = this.#payload.subarray(0, count);
    this.#payload = this.#payload.subarray(count);
    return piece;
  }

  async #advance(): Promise<void> {
    const pointer = this.#next;
    if (pointer === NO_POINTER) throw torn('ends before its last value');
    const id = Number(pointer & 0xff_ffff_ffff_ffffn);
    const index = Number(pointer >> 56n);
    if (id >= this.#header.blockCount || index >= SUB_BLOCKS) {
      throw torn(`points to sub-block ${index} of block ${id}, which cannot be`);
    }
    this.#visit(id, index);
    const block = await this.#blockOf(id);
    const start = CHECKSUM_SIZE + index * this.#subBlockSize;
    this.#next = readUint64(block, start);
    this.#payload = block.subarray(start + POINTER_BYTES, start + this.#subBlockSize);
  }

  #visit(id: number, index: number): void {
    const mask = this.#visited.get(id) ?? 0n;
    const bit = 1n << BigInt(index);
    if ((mask & bit) !== 0n) throw torn(`comes to sub-block ${index} of block ${id} twice`);
    this.#visited.set(id, mask | bit);
  }

  async #blockOf(id: number): Promise<Uint8Array> {
    if (this.#block?.id === id) return this.#block.bytes;
    const bytes = await this.#readBlock(id);
    if (bytes.length !== this.#header.blockSize) {
      throw torn(
        `needs block ${id}, of which there are ${bytes.length} bytes instead of ${this.#header.blockSize}`,
      );
    }
    if (!isBlockValid(bytes)) throw torn(`needs block ${id}, which does not match its checksum`);
    this.#block = { id, bytes };
    return bytes;
  }
}

function torn(what: string): DuckdbFileError {
  return new DuckdbFileError('TORN', `the free list ${what}`);
}
