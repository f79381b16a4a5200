import { isTargetError } from '@quackup/target-api';

import { pause } from '../snapshot/pause.ts';

export interface RetryOptions {
  /** How often in a row a call may fail, the first time included. */
  readonly attempts: number;
  /** Pause after the first failure in milliseconds; each further one is twice as long. */
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
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

  /** There is no further try, whatever fails. */
  end(): void {
    this.#ended = true;
  }

  /** Waits before the next try, or throws `failure` if there is none: it is final, or it came too often. */
  async afterFailure(failure: unknown): Promise<void> {
    const { attempts, retryMs, signal } = this.#options;
    this.#failures += 1;
    signal?.throwIfAborted();
    if (this.#ended || this.#failures >= attempts) throw failure;
    if (!isTargetError(failure) || !failure.retryable) throw failure;
    await pause(retryMs * 2 ** (this.#failures - 1), signal);
  }

  /** Calls `attempt` until it succeeds or fails for good. */
  async run<Result>(attempt: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.afterFailure(error);
      }
    }
  }
}
