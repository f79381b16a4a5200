import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Compression } from '../api.ts';
import { ThreadPool } from '../process/thread-pool.ts';
import { type Codec, createCodec } from './compression.ts';
import type { EncodeAnswer, EncodeTask } from './encode-task.ts';
import { sha256 } from './sha256.ts';

/** A chunk's hash and its frame. */
export interface EncodedChunk {
  readonly hash: Uint8Array;
  readonly frame: Uint8Array;
}

/** Hashes and compresses chunks, several at once. A chunk must not change before its promise settles. */
export interface ChunkEncoder extends AsyncDisposable {
  encode(content: Uint8Array): Promise<EncodedChunk>;
}

/** Starting threads takes longer than compressing so few chunks. */
const LEAST_CHUNKS_FOR_THREADS = 128;

const WORKER = new URL(`./encode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** @param chunks How many there will be, at most. */
export function createChunkEncoder(compression: Compression, chunks: number): ChunkEncoder {
  return chunks < LEAST_CHUNKS_FOR_THREADS
    ? new PoolEncoder(createCodec(compression))
    : new EncodeThreads(compression);
}

/** In libuv's thread pool: nothing to start. */
export class PoolEncoder implements ChunkEncoder {
  readonly #codec: Codec;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  async encode(content: Uint8Array): Promise<EncodedChunk> {
    const [hash, frame] = await Promise.all([sha256(content), this.#codec.encode(content)]);
    return { hash, frame };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** On a thread for each core: see {@link ThreadPool}. */
export class EncodeThreads implements ChunkEncoder {
  readonly #compression: Compression;
  readonly #threads: ThreadPool<EncodeTask, EncodeAnswer>;

  constructor(compression: Compression, threads?: number) {
    this.#compression = compression;
    this.#threads = new ThreadPool(WORKER, threads);
  }

  async encode(content: Uint8Array): Promise<EncodedChunk> {
    const { hash, frame } = await this.#threads.run({ compression: this.#compression, content });
    return { hash, frame: frame ?? content };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }
}
