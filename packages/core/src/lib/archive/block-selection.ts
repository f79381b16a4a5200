import { HEAD_SIZE } from '@quackup/duckdb-file';

const HOLE = 0;
const REUSED = 1;
const STORED = 2;

/**
 * What becomes of each chunk of a database's main file in an incremental backup: it is stored, it is reused from an earlier
 * archive, or it is a hole. One byte a chunk. Chunk 0, the head, is always stored.
 */
export class BlockSelection {
  readonly #states: Uint8Array;
  readonly #stored: number[] = [0];
  #storedBytes = HEAD_SIZE;
  #reused = 0;

  /** @param chunks How many the file has. Until told otherwise all but the head are holes. */
  constructor(chunks: number) {
    this.#states = new Uint8Array(chunks).fill(HOLE);
    this.#states[0] = STORED;
  }

  /** To be called in the order of the chunks. @param bytes Its length. */
  store(chunk: number, bytes: number): void {
    this.#states[chunk] = STORED;
    this.#stored.push(chunk);
    this.#storedBytes += bytes;
  }

  reuse(chunk: number): void {
    this.#states[chunk] = REUSED;
    this.#reused += 1;
  }

  isReused(chunk: number): boolean {
    return this.#states[chunk] === REUSED;
  }

  /** Chunks that are stored, the head among them. */
  get storedCount(): number {
    return this.#stored.length;
  }

  /** Bytes of these chunks before compression. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Chunks that lie in an earlier archive. */
  get reusedCount(): number {
    return this.#reused;
  }

  /** The chunk that is stored `place`-th: 0, the head, is the first. */
  storedChunk(place: number): number {
    const chunk = this.#stored[place];
    if (chunk === undefined) throw new RangeError(`stored chunk ${place} of ${this.#stored.length}`);
    return chunk;
  }

  /** Numbers of the blocks that are stored, ascending: block 0 is chunk 1. */
  *storedBlocks(): Generator<number, void, undefined> {
    for (const chunk of this.#stored) if (chunk > 0) yield chunk - 1;
  }
}
