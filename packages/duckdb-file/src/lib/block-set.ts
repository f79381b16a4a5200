/** Ids per page: a page takes 8 KiB. */
const PAGE_IDS = 65_536;

/**
 * A set of block ids as a bitmap: one bit for each, in pages that exist only where an id was added, so that its memory
 * depends on the ids in it and not on a block count that a file claims.
 */
export class BlockSet {
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const byte = this.#pages.get(Math.floor(id / PAGE_IDS))?.[(id % PAGE_IDS) >> 3] ?? 0;
    return (byte & bitOf(id)) !== 0;
  }

  /** Returns whether it was not in the set before. */
  add(id: number): boolean {
    return this.#flip(id, false);
  }

  /** Returns whether it was in the set. */
  delete(id: number): boolean {
    return this.#flip(id, true);
  }

  #flip(id: number, from: boolean): boolean {
    if (this.has(id) !== from) return false;
    const number = Math.floor(id / PAGE_IDS);
    const page = this.#pages.get(number) ?? new Uint8Array(PAGE_IDS / 8);
    this.#pages.set(number, page);
    const index = (id % PAGE_IDS) >> 3;
    page[index] = (page[index] ?? 0) ^ bitOf(id);
    this.#size += from ? -1 : 1;
    return true;
  }
}

function bitOf(id: number): number {
  return 1 << (id & 7);
}
