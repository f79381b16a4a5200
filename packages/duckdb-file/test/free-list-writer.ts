import type { DatabaseHeader } from '../src/index.ts';
import { NO_POINTER, subBlockSize } from '../src/lib/metadata-stream.ts';
import { seal } from './reference-checksum.ts';

export interface FreeList {
  readonly free: readonly number[];
  readonly multiUse: readonly (readonly [id: number, uses: number])[];
  readonly metadata: readonly (readonly [id: number, mask: bigint])[];
}

/** A place in a metadata block. */
export type Place = readonly [block: number, subBlock: number];

export const pointerTo = ([block, subBlock]: Place): bigint => (BigInt(subBlock) << 56n) | BigInt(block);

function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The stream's bytes as DuckDB writes them. */
export function freeListBytes({ free, multiUse, metadata }: FreeList): Buffer {
  return Buffer.concat([
    u64(free.length),
    ...free.map(u64),
    u64(multiUse.length),
    ...multiUse.flatMap(([id, uses]) => [u64(id), u32(uses)]),
    u64(metadata.length),
    ...metadata.flatMap(([id, mask]) => [u64(id), u64(mask)]),
  ]);
}

/** Metadata blocks that hold a chain of sub-blocks at the given places, as many as `stream` needs. */
export class MetadataBlocks {
  readonly blockSize: number;
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #unsealed = new Set<number>();

  constructor(blockSize: number) {
    this.blockSize = blockSize;
  }

  /** Writes the chain and returns the places that it took. The last one points to `last`. */
  write(stream: Uint8Array, places: readonly Place[], last: bigint = NO_POINTER): readonly Place[] {
    const payload = subBlockSize(this.blockSize) - 8;
    const taken = places.slice(0, Math.ceil(stream.length / payload));
    if (taken.length * payload < stream.length) throw new Error('there are too few places for the stream');
    for (const [index, [block, subBlock]] of taken.entries()) {
      const bytes = this.#blocks.get(block) ?? new Uint8Array(this.blockSize).fill(0x5a);
      const next = taken[index + 1];
      const start = 8 + subBlock * subBlockSize(this.blockSize);
      const view = new DataView(bytes.buffer);
      view.setBigUint64(start, next === undefined ? last : pointerTo(next), true);
      bytes.set(stream.subarray(index * payload, (index + 1) * payload), start + 8);
      this.#blocks.set(block, bytes);
    }
    for (const [block] of taken) this.#unsealed.add(block);
    return taken;
  }

  /** Always gives the same array, as a caller that reads into one buffer does. */
  reader(): (id: number) => Promise<Uint8Array> {
    for (const id of this.#unsealed) seal(this.#blocks.get(id) ?? new Uint8Array(8));
    this.#unsealed.clear();
    const buffer = new Uint8Array(this.blockSize);
    return (id) => {
      buffer.set(this.#blocks.get(id) ?? new Uint8Array(this.blockSize));
      return Promise.resolve(buffer);
    };
  }
}

export function headerWith(freeList: bigint, blockCount: number, blockSize: number): DatabaseHeader {
  return {
    slot: 1,
    iteration: 3n,
    metaBlock: NO_POINTER,
    freeList,
    blockCount,
    blockSize,
    vectorSize: 2048,
    serializationVersion: 1,
  };
}
