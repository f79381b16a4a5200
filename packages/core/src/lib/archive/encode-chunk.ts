import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Compression } from '../api.ts';
import { MAX_CHUNK_BYTES } from '../format/schema.ts';
import { ThreadPool, type ThreadPoolOptions } from '../process/thread-pool.ts';
import { type Codec, createCodec } from './compression.ts';
import { type EncodeAnswer, type EncodeTask, HASH_BYTES } from './encode-task.ts';
import { BufferPool } from './buffer-pool.ts';
import { sha256 } from './sha256.ts';

/** A chunk's hash and its frame. */
export interface EncodedChunk {
  readonly hash: Uint8Array;
  readonly frame: Uint8Array;
  /** Whether the frame has memory of its own, which may be freed when it has been used. */
  readonly owned: boolean;
  /** To be called when the frame has been used, if it is there: its memory is used again. */
  release?(): void;
}

/** Hashes and compresses chunks, several at once. A chunk must not change before its promise settles. */
export interface ChunkEncoder extends AsyncDisposable {
  encode(content: Uint8Array): Promise<EncodedChunk>;
}

/** Starting threads takes longer than compressing so few chunks. */
const LEAST_CHUNKS_FOR_THREADS = 128;

/** Room for a hash and a frame of the largest chunk, also if it does not compress. */
const OUTPUT_BYTES = HASH_BYTES + MAX_CHUNK_BYTES + 4096;

const WORKER = new URL(`./encode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/**
 * @param chunks How many there will be, at most.
 * @param gentle Leave the processor to others: see {@link ThreadPool}.
 */
export function createChunkEncoder(compression: Compression, chunks: number, gentle = false): ChunkEncoder {
  return chunks < LEAST_CHUNKS_FOR_THREADS
    ? new PoolEncoder(createCodec(compression))
    : new EncodeThreads(compression, { gentle });
}

/** In libuv's thread pool: nothing to start. */
export class PoolEncoder implements ChunkEncoder {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  async encode(content: Uint8Array): Promise<EncodedChunk> {
    const [hash, frame] = await Promise.all([sha256(content), this.#codec.encode(content)]);
    return { hash, frame, owned: frame !== content };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** On a thread for each core: see {@link ThreadPool}. */
export class EncodeThreads implements ChunkEncoder {
  readonly #compression: Compression;
  readonly #threads: ThreadPool<EncodeTask, EncodeAnswer>;
  readonly #outputs = new BufferPool(OUTPUT_BYTES);

  constructor(compression: Compression, options: ThreadPoolOptions = {}) {
    this.#compression = compression;
    this.#threads = new ThreadPool(WORKER, options);
  }

  async encode(content: Uint8Array): Promise<EncodedChunk> {
    const output = this.#outputs.take();
    const release = (): void => this.#outputs.give(output);
    const frame = await this.#threads.run({ compression: this.#compression, content, output });
    const hash = new Uint8Array(output.subarray(0, HASH_BYTES));
    if (typeof frame === 'number' && frame > 0) {
      return { hash, frame: output.subarray(HASH_BYTES, HASH_BYTES + frame), owned: false, release };
    }
    release();
    return typeof frame === 'number' ? { hash, frame: content, owned: false } : { hash, frame, owned: true };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }
}
