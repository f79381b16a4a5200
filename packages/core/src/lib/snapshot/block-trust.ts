/**
 * Which blocks of a copy still are what the active header means.
 *
 * DuckDB writes copy-on-write: a data block that is in use under header N and under header N+1 has not changed in between
 * (docs/hot-copy.md). So a copied block stays good over consecutive iterations, as long as it was in use in each of them.
 * If an iteration was missed all trust is gone: the block may have been freed and written again. Metadata blocks are
 * never trusted: checkpoints write new parts into them in place. DuckDB's block checksum plays no part: it is a sum that
 * does not see order.
 *
 * One thing more: DuckDB 1.5 fixes the free list first and reads the block count later (`WriteHeader`). Blocks that another
 * connection adds to the file in between count as in use, though nothing refers to them and they go on being written. They
 * are the last ones of the file, one after another, and behind everything that the lists name: free blocks and metadata
 * blocks. So of the blocks behind the last of these only such are trusted as the header before had in use already.
 *
 * And one that no list tells of: a block that 1.5 frees while a query still holds it counts as free under the next header
 * and as in use under those after it, and is written again when the query ends. So who trusts compares (block-samples.ts).
 */
import type { Blocks } from './database-reader.ts';
import { RULES, type Rules } from './rules.ts';

export class BlockTrust {
  #trusted: Uint8Array = new Uint8Array(0);
  #iteration: bigint | undefined;
  #current: Blocks | undefined;
  /** Of the header directly before, if it was seen. */
  #before: Blocks | undefined;
  /** The last free or metadata block of the current header is just below; 0 if there is none. */
  #endRun = 0;
  readonly #rules: Rules;

  constructor(rules: Rules = RULES) {
    this.#rules = rules;
  }

  /** Takes note of a new header. Must be told of every one that was seen. */
  headerMoved(iteration: bigint, blocks: Blocks): void {
    const consecutive =
      this.#iteration !== undefined && this.#rules.followsDirectly(this.#iteration, iteration);
    if (this.#iteration !== undefined && !consecutive) this.#trusted.fill(0);
    this.#iteration = iteration;
    this.#before = consecutive ? this.#current : undefined;
    this.#current = blocks;
    this.#endRun = blocks.count;
    while (this.#endRun > 0 && !isListed(this.#endRun - 1, blocks)) this.#endRun -= 1;
    if (this.#trusted.length < blocks.count) {
      const larger = new Uint8Array(Math.max(blocks.count, this.#trusted.length * 2));
      larger.set(this.#trusted);
      this.#trusted = larger;
    }
    for (let id = 0; id < this.#trusted.length; id += 1) {
      if (this.#trusted[id] === 1 && !this.#isCopyOnWrite(id, blocks)) this.#trusted[id] = 0;
    }
  }

  /** Block `id` has just been copied, whole, while `blocks` were those of the last header told. */
  copied(id: number, blocks: Blocks): void {
    if (this.#isCopyOnWrite(id, blocks)) this.#trusted[id] = 1;
  }

  /** Block `id` was written since, whatever the headers say. */
  drop(id: number): void {
    this.#trusted[id] = 0;
  }

  has(id: number): boolean {
    return this.#trusted[id] === 1;
  }

  #isCopyOnWrite(id: number, blocks: Blocks): boolean {
    return this.#rules.isCopyOnWrite({
      used: blocks.isUsed(id),
      metadata: blocks.isMetadata(id),
      settled: id < this.#endRun || this.#before?.isUsed(id) === true,
    });
  }
}

/** Whether the lists of a header name the block, so that it was there when they were made. */
function isListed(id: number, blocks: Blocks): boolean {
  return !blocks.isUsed(id) || blocks.isMetadata(id);
}
