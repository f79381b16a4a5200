/**
 * Which blocks of a copy still are what the active header means.
 *
 * DuckDB writes copy-on-write: a data block that is in use under header N and under header N+1 has not changed in between
 * (docs/hot-copy.md). So a copied block stays good over consecutive iterations, as long as it was in use in each of them.
 * If an iteration was missed all trust is gone: the block may have been freed and written again. Metadata blocks are
 * never trusted: checkpoints write new parts into them in place. Nor are blocks that header N+1 counts and header N did
 * not: DuckDB 1.5 writes the free list first and reads the block count later, so a block that another connection adds to the
 * file in between counts as in use, while it goes on being written. DuckDB's block checksum plays no part: it is a sum that
 * does not see order.
 */
import type { Blocks } from './database-reader.ts';
import { RULES, type Rules } from './rules.ts';

export class BlockTrust {
  #trusted: Uint8Array = new Uint8Array(0);
  #iteration: bigint | undefined;
  /** Blocks from here on are not trusted under the header that was told last. */
  #settledCount = 0;
  readonly #rules: Rules;

  constructor(rules: Rules = RULES) {
    this.#rules = rules;
  }

  /**
   * Takes note of a new header. Must be told of every one that was seen.
   *
   * @param countBefore Block count of the header of the iteration before; 0 if it is not known.
   */
  headerMoved(iteration: bigint, blocks: Blocks, countBefore: number): void {
    this.#settledCount = countBefore;
    const consecutive =
      this.#iteration !== undefined && this.#rules.followsDirectly(this.#iteration, iteration);
    if (this.#iteration !== undefined && !consecutive) this.#trusted.fill(0);
    this.#iteration = iteration;
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

  has(id: number): boolean {
    return this.#trusted[id] === 1;
  }

  #isCopyOnWrite(id: number, blocks: Blocks): boolean {
    return this.#rules.isCopyOnWrite({
      used: blocks.isUsed(id),
      metadata: blocks.isMetadata(id),
      settled: id < this.#settledCount,
    });
  }
}
