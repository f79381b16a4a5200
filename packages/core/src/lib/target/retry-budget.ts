/** A try costs as much as so many calls that succeed give back: in the long run one call in ten may be another try. */
const COST = 10;

/**
 * How many further tries all calls to one target have together. A moment of trouble costs a few; a target that fails all the
 * time uses the budget up, and then each call fails at once instead of keeping everybody waiting and the target busy.
 */
export class RetryBudget {
  readonly #size: number;
  #left: number;

  constructor(size: number) {
    this.#size = size * COST;
    this.#left = this.#size;
  }

  /** Takes one try, if there is one. */
  take(): boolean {
    if (this.#left < COST) return false;
    this.#left -= COST;
    return true;
  }

  /** A call has succeeded. */
  gain(): void {
    this.#left = Math.min(this.#size, this.#left + 1);
  }
}
