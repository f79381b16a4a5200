/**
 * Buffers of one size, used again. They lie in shared memory, so that other threads read them without a copy. A backup reads gigabytes through a few dozen of them; without this each chunk would
 * leave a quarter of a megabyte to the garbage collector, which notices such memory late.
 */
export class BufferPool {
  readonly #size: number;
  readonly #free: Buffer[];

  /** @param free Buffers of this size to begin with, in memory that the caller has chosen. Default: none. */
  constructor(size: number, free: readonly Buffer[] = []) {
    this.#size = size;
    this.#free = [...free];
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(this.#size));
  }

  /** Takes a buffer back. It must not be used afterwards. */
  give(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
