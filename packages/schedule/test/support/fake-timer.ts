import type { Timer } from '../../src/index.ts';

/** A clock that goes on only when somebody waits, and stops at `end` by aborting. */
export class FakeTimer implements Timer {
  readonly #ending = new AbortController();
  readonly #end: number;
  #now: number;

  constructor(start: string, end: string) {
    this.#now = Date.parse(start);
    this.#end = Date.parse(end);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  readonly now = (): Date => new Date(this.#now);

  readonly wait = async (ms: number): Promise<void> => {
    // As timers are: never early, and others have their turn.
    await Promise.resolve();
    this.pass(ms);
  };

  /** Lets time pass: the machine sleeps, or a run works. */
  pass(ms: number): void {
    this.#now += ms;
    if (this.#now >= this.#end) this.#ending.abort();
  }

  /** Somebody sets the clock; the end is where it was. */
  set(text: string): void {
    this.#now = Date.parse(text);
  }

  stop(): void {
    this.#ending.abort();
  }
}
