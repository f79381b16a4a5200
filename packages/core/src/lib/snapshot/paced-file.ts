import type { FileHandle } from 'node:fs/promises';

import { DirectWrites } from '@quackup/target-api';

import { DiskPace } from './disk-pace.ts';
import { writeFully } from './read-fully.ts';

/** About a millisecond of a fast disk, which a commit may have to wait for; and of waiting, of which timers know nothing less. */
const DIRECT_PORTION = 512 * 1024;
/** A sync for each portion has a price of its own. */
const CACHED_PORTION = 1024 * 1024;

/** What is used of {@link DirectWrites}. */
type Direct = Pick<DirectWrites, 'write' | 'close'>;

/**
 * A file that is written in the portions of {@link DiskPace}, because the writer of a database waits for the same disk. What can be
 * written past the system's cache is, one block at a time, and needs no syncs; of anything else each portion is synced.
 */
export class PacedFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #direct: Direct | undefined;
  readonly #pace: DiskPace;
  #hasCached = false;
  /** Ends when the disk has what was given before. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, direct: Direct | undefined) {
    this.#file = file;
    this.#direct = direct;
    this.#pace = new DiskPace({
      portion: direct === undefined ? CACHED_PORTION : DIRECT_PORTION,
      flush: () => this.#flush(),
    });
  }

  /** @param file Open for writing. It stays the caller's, to be read, synced and closed. */
  static cached(file: FileHandle): PacedFile {
    return new PacedFile(file, undefined);
  }

  /**
   * Past the system's cache, where that is possible.
   *
   * @param file As for {@link cached}. Not all that was written is durable before it is synced, here neither.
   * @param path Where it is.
   */
  static async direct(
    file: FileHandle,
    path: string,
    open: (path: string) => Promise<Direct | undefined> = (path) => DirectWrites.open(path),
  ): Promise<PacedFile> {
    return new PacedFile(file, await open(path));
  }

  /** Whether nothing more should be written yet. */
  get isBusy(): boolean {
    return this.#pace.isBusy;
  }

  /** Waits until more may be written. @throws what the disk has said of this portion or an earlier one. */
  async settled(): Promise<void> {
    await this.#pace.settled();
  }

  /**
   * Writes all of `bytes` at `position`, which is nobody else's meanwhile.
   *
   * @throws what the disk says, also of what was written before.
   */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    const direct = this.#direct;
    if (direct === undefined) return this.#writeCached(bytes, position);
    const turn = this.#writeNext(this.#last, direct, bytes, position);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #writeNext(
    last: Promise<unknown>,
    direct: Direct,
    bytes: Uint8Array,
    position: number,
  ): Promise<void> {
    await last;
    await this.#pace.settled();
    const startedMs = performance.now();
    if (!(await direct.write(bytes, position))) return this.#writeCached(bytes, position);
    this.#pace.wrote(bytes.length, performance.now() - startedMs);
  }

  async #writeCached(bytes: Uint8Array, position: number): Promise<void> {
    await writeFully(this.#file, bytes, position);
    this.#hasCached = true;
    this.#pace.wrote(bytes.length);
  }

  async #flush(): Promise<void> {
    if (!this.#hasCached) return;
    this.#hasCached = false;
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#direct?.close();
  }
}
