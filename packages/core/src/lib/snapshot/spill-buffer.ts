import { type FileHandle, open } from 'node:fs/promises';

import { readFully, writeFully } from './read-fully.ts';

/** Bytes that are kept in memory up to this length; more goes to a file. */
const MEMORY_BYTES = 32 * 1024 * 1024;

/** Bytes appended once and read by position, in memory while they are few, in a private scratch file otherwise. */
export class SpillBuffer implements AsyncDisposable {
  readonly #path: string;
  readonly #parts: Buffer[] = [];
  #file: FileHandle | undefined;
  #length = 0;

  /** @param path Where the file goes if one is needed; its folder must exist. */
  constructor(path: string) {
    this.#path = path;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a copy of `bytes`. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined && this.#length + bytes.length > MEMORY_BYTES) await this.#spill();
    if (this.#file === undefined) this.#parts.push(Buffer.from(bytes));
    else await writeFully(this.#file, bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The first `length` bytes, in pieces of `pieceBytes`; the last one may be shorter. Each piece is a buffer of its own. */
  async *pieces(length: number, pieceBytes: number): AsyncGenerator<Buffer, void, undefined> {
    const file = this.#file;
    const memory = file === undefined ? Buffer.concat(this.#parts) : undefined;
    for (let start = 0; start < length; start += pieceBytes) {
      const end = Math.min(length, start + pieceBytes);
      if (memory !== undefined) {
        yield Buffer.from(memory.subarray(start, end));
        continue;
      }
      const piece = Buffer.allocUnsafe(end - start);
      if (file === undefined || (await readFully(file, piece, piece.length, start)) < piece.length) {
        throw new Error(`${this.#path} is shorter than what was written to it`);
      }
      yield piece;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#parts.length = 0;
  }

  async #spill(): Promise<void> {
    this.#file = await open(this.#path, 'wx+', 0o600);
    let position = 0;
    for (const part of this.#parts) {
      await writeFully(this.#file, part, position);
      position += part.length;
    }
    this.#parts.length = 0;
  }
}
