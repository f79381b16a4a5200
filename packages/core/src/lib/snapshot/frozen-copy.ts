import { type FileHandle, open } from 'node:fs/promises';

import { blockOffset, HEAD_SIZE } from '@quackup/duckdb-file';

import type { FileChunk } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { BufferPool } from '../archive/buffer-pool.ts';
import { readFully, writeFully } from './read-fully.ts';
import { blockIds } from './snapshot-files.ts';

/** Reads at once when the copy is read. */
const READ_AHEAD = 8;

/**
 * A scratch file that takes the blocks of a database, each at its own place, over as many passes as it needs. What an
 * earlier pass put there is used again only if the current one says so.
 */
export class FrozenCopy implements AsyncDisposable {
  readonly #file: FileHandle;
  #held: Uint8Array = new Uint8Array(0);

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @param path A file that does not exist yet. */
  static async create(path: string): Promise<FrozenCopy> {
    return new FrozenCopy(await open(path, 'wx+', 0o600));
  }

  /** Blocks of the database as the archive will have it, free ones included. */
  get count(): number {
    return this.#held.length;
  }

  /** Begins a pass over `count` blocks; none of them counts as held. */
  begin(count: number): void {
    this.#held = new Uint8Array(count);
  }

  /** Block `id` belongs to this pass: it was written in it, or is known to be what an earlier one wrote. */
  hold(id: number): void {
    this.#held[id] = 1;
  }

  holds(id: number): boolean {
    return this.#held[id] === 1;
  }

  async write(id: number, block: Buffer): Promise<void> {
    await writeFully(this.#file, block, blockOffset(id, block.length));
  }

  /** The head and then every block, or those that are wanted; blocks that are not held are holes. */
  async *chunks(
    head: Uint8Array,
    blockSize: number,
    blocks: Iterable<number> = blockIds(this.count),
  ): AsyncGenerator<FileChunk, void, undefined> {
    yield { bytes: head };
    const pool = new BufferPool(blockSize);
    yield* orderedMap(blocks, READ_AHEAD, async (id): Promise<FileChunk> => {
      if (!this.holds(id)) return { bytes: undefined };
      const bytes = pool.take();
      const length = await readFully(this.#file, bytes, blockSize, blockOffset(id, blockSize));
      if (length < blockSize) throw new Error(`the frozen copy lacks block ${id}`);
      return { bytes, release: () => pool.give(bytes) };
    });
  }

  /** Length of the file that {@link chunks} gives, bytes. */
  sizeBytes(blockSize: number): number {
    return HEAD_SIZE + this.count * blockSize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
