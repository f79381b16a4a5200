import { AlignedBuffers, type DirectWrites } from '@quackup/target-api';

// Large writes: at 1 MiB the cost of a call no longer shows. Two buffers, so that the body is read while one is written.
const BUFFER_SIZE = 1_048_576;

// What has been written to the system's cache goes to the disk in small portions while more comes, one portion at a time. Left
// to the sync at the end it is hundreds of megabytes at once, and whoever waits for the same disk then, such as the writer of
// the database, waits as long.
const SYNC_EVERY = 8 * BUFFER_SIZE;

/** What is used of an open file. */
export interface PartFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
}

/** What is used of {@link DirectWrites}. */
export type PartDirect = Pick<DirectWrites, 'write' | 'close'>;

/**
 * Writes a file from start to end, whatever the size of the chunks, with at most 3 MiB in memory besides them. What is large
 * goes past the system's cache if it can.
 */
export class PartWriter {
  readonly #handle: PartFile;
  readonly #openDirect: () => Promise<PartDirect | undefined>;
  #direct: PartDirect | undefined;
  #aligned: AlignedBuffers | undefined;
  /** The first is ordinary memory: most files are smaller than that. */
  #current: Buffer;
  #spare: Buffer | undefined;
  #filled = 0;
  #position = 0;
  /** Bytes in the system's cache since the last portion. */
  #cached = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();

  /** @param openDirect Called once the file is known to be large. */
  constructor(handle: PartFile, openDirect: () => Promise<PartDirect | undefined> = async () => undefined) {
    this.#handle = handle;
    this.#openDirect = openDirect;
    this.#current = Buffer.allocUnsafeSlow(BUFFER_SIZE);
  }

  /**
   * Takes a chunk, which must stay as it is until the file is finished: what is large is written from where it lies if it
   * cannot go past the cache. Waits while the part before it is written.
   */
  async append(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      if (this.#filled === 0 && chunk.length - offset >= BUFFER_SIZE && !(await this.#hasDirect())) {
        await this.#send(chunk.subarray(offset, offset + BUFFER_SIZE));
        offset += BUFFER_SIZE;
        continue;
      }
      const taken = Math.min(chunk.length - offset, BUFFER_SIZE - this.#filled);
      this.#current.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
      if (this.#filled === BUFFER_SIZE) await this.#flush();
    }
  }

  /** Writes what is left and makes the content durable. */
  async finish(): Promise<void> {
    await this.#send(this.#current.subarray(0, this.#filled));
    await this.#writing;
    await this.#syncing;
    await this.#handle.sync();
  }

  /** Must be called at the end. Waits for what is under way, whatever becomes of it: only then may the file be closed. */
  async abandon(): Promise<void> {
    await Promise.allSettled([this.#writing]);
    await Promise.allSettled([this.#syncing]);
    this.#aligned?.[Symbol.dispose]();
    await this.#direct?.close();
  }

  /** Whether this file can be written past the cache. To be asked when nothing is in the buffers that would be lost. */
  async #hasDirect(): Promise<boolean> {
    // Only what is large has a second buffer.
    if (this.#spare === undefined) {
      this.#direct = await this.#openDirect();
      if (this.#direct !== undefined) this.#aligned = new AlignedBuffers(2, BUFFER_SIZE);
      const [first, second] = this.#aligned?.buffers ?? [];
      if (first !== undefined) this.#current = first;
      this.#spare = second ?? Buffer.allocUnsafeSlow(BUFFER_SIZE);
    }
    return this.#aligned?.buffers[0] !== undefined;
  }

  async #flush(): Promise<void> {
    const full = this.#current;
    await this.#send(full);
    this.#filled = 0;
    await this.#hasDirect();
    // The first one was ordinary memory, and the next two are not.
    if (this.#current !== full) return;
    this.#current = this.#spare ?? full;
    this.#spare = full;
  }

  /** Begins to write `bytes`, when what is before them has been written. */
  async #send(bytes: Uint8Array): Promise<void> {
    await this.#writing;
    this.#writing = this.#write(bytes, this.#position);
    // Whoever waits for it next gets the error; until then it is not an unhandled one.
    this.#writing.catch(() => {});
    this.#position += bytes.length;
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    if ((await this.#direct?.write(bytes, position)) === true) return;
    await writeAll(this.#handle, bytes, position);
    this.#cached += bytes.length;
    if (this.#cached < SYNC_EVERY) return;
    this.#cached = 0;
    await this.#syncing;
    this.#syncing = this.#handle.datasync();
    // Whoever waits for it next gets the error.
    this.#syncing.catch(() => {});
  }
}

/** A write may take less than it was given: a disk that is nearly full, a signal. */
async function writeAll(handle: PartFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
