import type { Connection } from './connection.ts';

// One request for each block; so many are under way at once, which hides the time that a reply takes.
const BLOCK_SIZE = 131_072;
const BLOCKS_AT_ONCE = 16;

/** Writes an open file from start to end, whatever the size of the chunks, with about 2 MiB in memory. */
export class PartWriter {
  readonly #connection: Connection;
  readonly #handle: Buffer;
  #block = Buffer.allocUnsafe(BLOCK_SIZE);
  #filled = 0;
  #position = 0;
  #stopped = false;
  readonly #writing: Promise<void>[] = [];

  constructor(connection: Connection, handle: Buffer) {
    this.#connection = connection;
    this.#handle = handle;
  }

  /** Copies the chunk. Waits while enough is under way. @throws the error of any write before. */
  async append(chunk: Uint8Array): Promise<void> {
    for (let offset = 0; offset < chunk.length && !this.#stopped;) {
      const taken = Math.min(chunk.length - offset, BLOCK_SIZE - this.#filled);
      this.#block.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
      if (this.#filled < BLOCK_SIZE) continue;
      this.#send();
      if (this.#writing.length >= BLOCKS_AT_ONCE) await this.#writing.shift();
    }
  }

  /** Writes what is left and waits for all of it. */
  async finish(): Promise<void> {
    if (this.#filled > 0) this.#send();
    await Promise.all(this.#writing);
  }

  /** Sends nothing more: the server may give the handle's number to another file once it is closed. */
  stop(): void {
    this.#stopped = true;
  }

  #send(): void {
    // A buffer of its own for each: ssh2 sends one in several packets where the server takes only small ones.
    const block = this.#block.subarray(0, this.#filled);
    const position = this.#position;
    const writing = this.#connection.request<void>((sftp, reply) =>
      sftp.write(this.#handle, block, 0, block.length, position, reply),
    );
    // Whoever waits for it gets the error; until then it is not an unhandled one.
    writing.catch(() => {});
    this.#writing.push(writing);
    this.#position += block.length;
    this.#block = Buffer.allocUnsafe(BLOCK_SIZE);
    this.#filled = 0;
  }
}
