import { type DatabaseState, isSameDatabaseState } from './database-files.ts';
import { databaseState } from './files-on-disk.ts';
import { isQuiet } from './rules.ts';

export type TornVerdict = 'damaged' | 'being written' | 'in doubt';

/** What the files were, and since when they have been it. */
interface Still {
  readonly state: DatabaseState;
  readonly sinceMs: number;
}

/**
 * What fails its checksum is being written, or it is damaged, and one look does not tell which: DuckDB writes metadata
 * blocks in place, counts some blocks as in use before it has written them (block-trust.ts), and a slow disk takes its time.
 * Damaged is only what still fails when nothing has been written to any of the four files for a while. What is seen while
 * somebody writes is never called damaged, however long it lasts.
 */
export class TornDoubt {
  readonly #path: string;
  readonly #patienceMs: number;
  readonly #held: boolean;
  readonly #sinceMs = performance.now();
  #still: Still | undefined;
  #wasWritten = false;

  /**
   * @param path The database.
   * @param patienceMs How long to read again while the database is being written.
   * @param held Whether somebody has it open, or it cannot be known.
   */
  constructor(path: string, { patienceMs, held }: { readonly patienceMs: number; readonly held: boolean }) {
    this.#path = path;
    this.#patienceMs = patienceMs;
    this.#held = held;
  }

  /** To be asked after every reading that failed: what tore it is seen by then. */
  async verdict(): Promise<TornVerdict> {
    const state = await databaseState(this.#path);
    const nowMs = performance.now();
    const still = this.#still;
    // The first look does not cover the reading before it.
    if (still === undefined) {
      this.#still = { state, sinceMs: nowMs };
    } else if (!isSameDatabaseState(still.state, state)) {
      this.#still = { state, sinceMs: nowMs };
      this.#wasWritten = true;
    } else if (this.#isQuiet(still, nowMs)) {
      return 'damaged';
    }
    return this.#wasWritten && nowMs - this.#sinceMs >= this.#patienceMs ? 'being written' : 'in doubt';
  }

  #isQuiet({ state, sinceMs }: Still, nowMs: number): boolean {
    const watchedMs = nowMs - sinceMs;
    return isQuiet(state, state, { watchedMs, nowMs: Date.now(), held: this.#held });
  }
}
