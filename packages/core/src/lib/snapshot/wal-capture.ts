import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

import { scanWal, WalScanner, type WalSummary } from '@quackup/duckdb-file';

import { MAX_CHUNK_BYTES } from '../format/schema.ts';
import { pause } from './pause.ts';
import { readFully } from './read-fully.ts';
import { SpillBuffer } from './spill-buffer.ts';

/** An aborted commit cuts the tail off a WAL and the next one writes there: a bad checksum is looked at again. */
const BAD_TAIL_TRIES = 20;
const BAD_TAIL_PAUSE_MS = 2;

/** A WAL as it is when looked at for a second time. */
export interface WalRecheck {
  /** The same file, and what was captured up to its last commit is still its beginning. */
  readonly samePrefix: boolean;
  readonly summary: WalSummary;
}

/** A WAL (or another sidecar) as it was at one moment, in full. The original stays open, so its inode number is not used again. */
export class WalCapture implements AsyncDisposable {
  readonly #file: FileHandle | undefined;
  readonly #content: SpillBuffer;
  readonly #prefixHash: string;
  /** What the captured bytes say. A WAL that does not exist is an empty one. */
  readonly summary: WalSummary;

  private constructor(
    file: FileHandle | undefined,
    content: SpillBuffer,
    summary: WalSummary,
    prefixHash: string,
  ) {
    this.#file = file;
    this.#content = content;
    this.#prefixHash = prefixHash;
    this.summary = summary;
  }

  /**
   * @param scratchPath Where to put a large WAL's bytes; a file that does not exist yet.
   * @param limit How much of it to take at most: what it was at an earlier moment.
   */
  static async take(path: string, scratchPath: string, limit: number = Infinity): Promise<WalCapture> {
    for (let attempt = 1; ; attempt += 1) {
      const file = await openIfPresent(path);
      const content = new SpillBuffer(`${scratchPath}.${attempt}`);
      if (file === undefined) return new WalCapture(undefined, content, scanWal(new Uint8Array(0)), '');
      const summary = await readWal(file, (bytes) => content.append(bytes), limit);
      if ((summary.state === 'bad-checksum' || summary.state === 'bad-header') && attempt < BAD_TAIL_TRIES) {
        await content[Symbol.asyncDispose]();
        await file.close();
        await pause(BAD_TAIL_PAUSE_MS);
        continue;
      }
      const hash = createHash('sha256');
      for await (const piece of content.pieces(summary.commitEnd, MAX_CHUNK_BYTES)) hash.update(piece);
      return new WalCapture(file, content, summary, hash.digest('hex'));
    }
  }

  /** Captured bytes. */
  get length(): number {
    return this.#content.length;
  }

  /** The first `length` captured bytes, in pieces. */
  pieces(length: number, pieceBytes: number): AsyncIterable<Buffer> {
    return this.#content.pieces(length, pieceBytes);
  }

  /**
   * Looks at the WAL again, all of it.
   *
   * @param path Where it is now: an absent one may have appeared elsewhere.
   */
  async recheck(path: string): Promise<WalRecheck> {
    const file = await openIfPresent(path);
    if (file === undefined)
      return { samePrefix: this.#file === undefined, summary: scanWal(new Uint8Array(0)) };
    try {
      const hash = createHash('sha256');
      let left = this.summary.commitEnd;
      const summary = await readWal(file, async (bytes) => {
        hash.update(bytes.subarray(0, left));
        left -= Math.min(left, bytes.length);
      });
      const samePrefix =
        left === 0 && hash.digest('hex') === this.#prefixHash && (await this.#isSameFile(file));
      return { samePrefix: samePrefix || this.#isEmptyPrefix(), summary };
    } finally {
      await file.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content[Symbol.asyncDispose]();
    await this.#file?.close();
  }

  /** Nothing of an absent WAL was captured, so whatever is there now continues it. */
  #isEmptyPrefix(): boolean {
    return this.#file === undefined;
  }

  async #isSameFile(other: FileHandle): Promise<boolean> {
    if (this.#file === undefined) return false;
    const [a, b] = await Promise.all([this.#file.stat({ bigint: true }), other.stat({ bigint: true })]);
    return a.dev === b.dev && a.ino === b.ino;
  }
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads as far as the file reaches when it is looked at first; a WAL that grows meanwhile does not keep us here. */
async function readWal(
  file: FileHandle,
  sink: (bytes: Buffer) => Promise<void>,
  limit: number = Infinity,
): Promise<WalSummary> {
  const size = Math.min((await file.stat()).size, limit);
  const scanner = new WalScanner();
  const buffer = Buffer.allocUnsafe(Math.min(MAX_CHUNK_BYTES, Math.max(1, size)));
  for (let position = 0; position < size;) {
    const length = await readFully(file, buffer, Math.min(buffer.length, size - position), position);
    if (length === 0) break;
    const bytes = buffer.subarray(0, length);
    scanner.push(bytes);
    await sink(bytes);
    position += length;
  }
  return scanner.summary();
}
