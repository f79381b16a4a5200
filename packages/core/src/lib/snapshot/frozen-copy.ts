import { type FileHandle, open, rename } from 'node:fs/promises';

import { blockOffset, HEAD_SIZE } from '@quackup/duckdb-file';
import { AlignedBuffers } from '@quackup/target-api';

import type { FileChunk } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { BufferPool } from '../archive/buffer-pool.ts';
import { PacedFile } from './paced-file.ts';
import { pause } from './pause.ts';
import { readFully, writeFully } from './read-fully.ts';
import { blockIds } from './snapshot-files.ts';

/** Reads at once when the copy is read. */
const READ_AHEAD = 8;

/** Another file system; on Windows, a file that is open. */
const CANNOT_MOVE: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EBUSY', 'EACCES']);

/**
 * A scratch file that takes the blocks of a database, each at its own place, over as many passes as it needs. What an
 * earlier pass put there is used again only if the current one says so.
 */
export class FrozenCopy implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Of a copy that is kept. Any other is removed before most of it has reached the disk. */
  readonly #paced: PacedFile | undefined;
  #aligned: AlignedBuffers | undefined;
  /** Which blocks some pass has written. */
  #written: Uint8Array = new Uint8Array(0);
  #held: Uint8Array = new Uint8Array(0);

  private constructor(path: string, file: FileHandle, paced: PacedFile | undefined) {
    this.#path = path;
    this.#file = file;
    this.#paced = paced;
  }

  /**
   * @param path A file that does not exist yet.
   * @param isKept Whether {@link moveTo} will be called: then it goes to the disk while it is written.
   */
  static async create(path: string, isKept = false): Promise<FrozenCopy> {
    const file = await open(path, 'wx+', 0o600);
    return new FrozenCopy(path, file, isKept ? await PacedFile.direct(file, path) : undefined);
  }

  /** Blocks of the database as the archive will have it, free ones included. */
  get count(): number {
    return this.#held.length;
  }

  /** Begins a pass over `count` blocks; none of them counts as held. */
  begin(count: number): void {
    this.#held = new Uint8Array(count);
    if (count <= this.#written.length) return;
    const written = new Uint8Array(count);
    written.set(this.#written);
    this.#written = written;
  }

  /** Block `id` belongs to this pass: it was written in it, or is known to be what an earlier one wrote. */
  hold(id: number): void {
    this.#held[id] = 1;
  }

  holds(id: number): boolean {
    return this.#held[id] === 1;
  }

  /** Memory that blocks are best written from, the same each time. It must not be used any more when this is disposed of. */
  buffers(count: number, blockSize: number): readonly Buffer[] {
    if (this.#paced !== undefined) this.#aligned ??= new AlignedBuffers(count, blockSize);
    return this.#aligned?.buffers ?? [];
  }

  async write(id: number, block: Buffer): Promise<void> {
    const position = blockOffset(id, block.length);
    if (this.#paced === undefined) return writeFully(this.#file, block, position);
    await this.#paced.write(block, position);
    this.#written[id] = 1;
  }

  /**
   * Waits for the disk, but no longer than this.
   *
   * @returns whether nothing more should be written yet.
   */
  async waitForDisk(milliseconds: number): Promise<boolean> {
    if (this.#paced?.isBusy === true) await Promise.race([this.#paced.settled(), pause(milliseconds)]);
    return this.#paced?.isBusy === true;
  }

  /**
   * Becomes the file at `path`: with this head, the held blocks, and nothing of earlier passes; synced. It can still be read here.
   *
   * @returns false if it cannot be moved there, and stays what it was.
   */
  async moveTo(path: string, head: Uint8Array, blockSize: number): Promise<boolean> {
    await this.#paced?.settled();
    await writeFully(this.#file, head, 0);
    for (let id = 0; id < this.count; id += 1) {
      if (this.#written[id] === 1 && !this.holds(id))
        await writeFully(this.#file, Buffer.alloc(blockSize), blockOffset(id, blockSize));
    }
    await this.#file.truncate(this.sizeBytes(blockSize));
    await this.#file.sync();
    try {
      await rename(this.#path, path);
      return true;
    } catch (error) {
      if (CANNOT_MOVE.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
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
    this.#aligned?.[Symbol.dispose]();
    await this.#paced?.[Symbol.asyncDispose]();
    await this.#file.close();
  }
}
