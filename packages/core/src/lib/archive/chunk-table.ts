/**
 * Where the chunks of one file lie, and what they hash to. Pages of up to 4,096 chunks, in memory as on disk, columns
 * one after another because columns compress better than rows:
 *
 *     hash     32 x n   SHA-256 of the chunk's bytes; zeros for a hole
 *     archive   4 x n   u32 LE, place in the index's list of archives; 0xFFFFFFFF for a hole
 *     offset    8 x n   u64 LE, where the frame begins in that archive, bytes
 *     length    4 x n   u32 LE, stored bytes of the frame
 *
 * 48 bytes a chunk: 192 MB for the 4 million chunks of a 1 TB database with the default block size.
 */
export const CHUNKS_PER_PAGE = 4096;
export const HASH_BYTES = 32;
/**
 * Chunks of one backup, 3 GB of tables: 16 TB of databases with blocks of 256 KiB. An index that claims more, in a few
 * bytes of compressed pages, is not believed.
 */
export const MAX_CHUNKS: number = 2 ** 26;
const RECORD_BYTES = HASH_BYTES + 4 + 8 + 4;
const HOLE = 0xffff_ffff;

/** Where a frame lies. */
export interface ChunkLocation {
  /** Place in the index's list of archives. */
  readonly archive: number;
  /** Bytes from the beginning of the archive. */
  readonly offset: number;
  /** Stored bytes. */
  readonly length: number;
}

/** Bytes of a page that holds `chunks` chunks. */
export const pageBytes = (chunks: number): number => chunks * RECORD_BYTES;

/** Chunks in page `page` of a table of `count` chunks. */
export const chunksInPage = (count: number, page: number): number =>
  Math.min(CHUNKS_PER_PAGE, count - page * CHUNKS_PER_PAGE);

export class ChunkTable {
  readonly count: number;
  readonly #pages: Buffer[];

  private constructor(count: number, pages: Buffer[]) {
    this.count = count;
    this.#pages = pages;
  }

  /** A table of `count` holes, to be filled with {@link set}. */
  static create(count: number): ChunkTable {
    const pages: Buffer[] = [];
    for (let page = 0; page * CHUNKS_PER_PAGE < count; page += 1) {
      const chunks = chunksInPage(count, page);
      const bytes = Buffer.alloc(pageBytes(chunks));
      bytes.fill(0xff, chunks * HASH_BYTES, chunks * (HASH_BYTES + 4));
      pages.push(bytes);
    }
    return new ChunkTable(count, pages);
  }

  /** The table in these pages, which must have the lengths that {@link pageBytes} says. */
  static fromPages(count: number, pages: readonly Uint8Array[]): ChunkTable {
    return new ChunkTable(
      count,
      pages.map((page) => Buffer.from(page.buffer, page.byteOffset, page.byteLength)),
    );
  }

  /** A table of its own with the same content. */
  copy(): ChunkTable {
    return new ChunkTable(
      this.count,
      this.#pages.map((page) => Buffer.from(page)),
    );
  }

  get pages(): readonly Uint8Array[] {
    return this.#pages;
  }

  set(chunk: number, hash: Uint8Array, { archive, offset, length }: ChunkLocation): void {
    const { page, chunks, row } = this.#find(chunk);
    page.set(hash, row * HASH_BYTES);
    page.writeUInt32LE(archive, chunks * HASH_BYTES + row * 4);
    const at = chunks * (HASH_BYTES + 4) + row * 8;
    page.writeUInt32LE(offset % 2 ** 32, at);
    page.writeUInt32LE(Math.floor(offset / 2 ** 32), at + 4);
    page.writeUInt32LE(length, chunks * (HASH_BYTES + 12) + row * 4);
  }

  /** The chunk's hash: a view, not a copy. */
  hash(chunk: number): Buffer {
    const { page, row } = this.#find(chunk);
    return page.subarray(row * HASH_BYTES, (row + 1) * HASH_BYTES);
  }

  /** Where the chunk's frame lies, or undefined if the chunk is a hole: a free block, restored as zeros. */
  location(chunk: number): ChunkLocation | undefined {
    const { page, chunks, row } = this.#find(chunk);
    const archive = page.readUInt32LE(chunks * HASH_BYTES + row * 4);
    if (archive === HOLE) return undefined;
    const at = chunks * (HASH_BYTES + 4) + row * 8;
    return {
      archive,
      offset: page.readUInt32LE(at) + page.readUInt32LE(at + 4) * 2 ** 32,
      length: page.readUInt32LE(chunks * (HASH_BYTES + 12) + row * 4),
    };
  }

  #find(chunk: number): { page: Buffer; chunks: number; row: number } {
    const number = Math.floor(chunk / CHUNKS_PER_PAGE);
    const page = this.#pages[number];
    if (page === undefined || chunk < 0 || chunk >= this.count) {
      throw new RangeError(`chunk ${chunk} of ${this.count}`);
    }
    return { page, chunks: chunksInPage(this.count, number), row: chunk % CHUNKS_PER_PAGE };
  }
}
