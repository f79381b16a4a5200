import { isTargetError } from '@quackup/target-api';

import type { Pace } from './pace.ts';
import type { RetryBudget } from './retry-budget.ts';

/** The longest pause between two tries, milliseconds. */
const MAX_PAUSE_MS = 30_000;

export interface RetryOptions {
  /** How often in a row a call may fail, the first time included. */
  readonly attempts: number;
  /** The longest pause after the first failure in milliseconds; each further one may be twice as long. */
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
  readonly pace: Pace;
  /** Shared with all calls to the same target. */
  readonly budget: RetryBudget;
}

/** Counts the failures of one call in a row, and decides about each whether there is another try. */
export class Retries {
  readonly #options: RetryOptions;
  #failures = 0;
  #ended = false;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** How many failures there were since the last progress. */
  get failures(): number {
    return this.#failures;
  }

  /** Something was achieved: the count begins anew. */
  progress(): void {
    this.#failures = 0;
  }

  /** The call has done all that it was to do. */
  succeed(): void {
    this.#options.budget.gain();
  }

  /** There is no further try, whatever fails. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Waits before the next try, or throws `failure` if there is none: it is final, it came too often, or the target's budget
   * is used up. The pause is anything up to its longest ("full jitter"): many that were sent away together must not come
   * back together.
   */
  async afterFailure(failure: unknown): Promise<void> {
    const { attempts, retryMs, signal, pace, budget } = this.#options;
    this.#failures += 1;
    signal?.throwIfAborted();
    if (this.#ended || this.#failures >= attempts) throw failure;
    if (!isTargetError(failure) || !failure.retryable || !budget.take()) throw failure;
    const longestMs = Math.min(MAX_PAUSE_MS, retryMs * 2 ** (this.#failures - 1));
    await pace.wait(pace.random() * longestMs, signal);
  }

  /** Calls `attempt` until it succeeds or fails for good. */
  async run<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        const result = await attempt();
        this.succeed();
        return result;
      } catch (error) {
        await this.afterFailure(error);
      }
    }
  }
}
