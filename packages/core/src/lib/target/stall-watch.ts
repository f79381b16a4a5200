import { type ObjectBody, TargetError } from '@quackup/target-api';

import { redactError } from './redact-error.ts';

export interface StallWatchOptions {
  /** How long a step may take unless it says otherwise, milliseconds. */
  readonly stallMs: number;
  readonly signal: AbortSignal | undefined;
  /** Texts that must not show in an error. */
  readonly secrets: readonly string[];
}

/**
 * Gives a call to a target up when it makes no progress, whether or not the target heeds its signal. One watch covers one
 * call with everything that belongs to it (a get and its body, a list and its pages); steps come one after another.
 */
export class StallWatch implements Disposable {
  readonly #what: string;
  readonly #stallMs: number;
  readonly #secrets: readonly string[];
  readonly #outer: AbortSignal | undefined;
  readonly #abort = new AbortController();
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Rejects the step that is under way. */
  #reject: ((reason: unknown) => void) | undefined;
  #stepMs: number;
  #over = false;

  /** @param what Names the call in the error: the place and the operation. */
  constructor(what: string, { stallMs, signal: outer, secrets }: StallWatchOptions) {
    this.#what = what;
    this.#stallMs = stallMs;
    this.#stepMs = stallMs;
    this.#secrets = secrets;
    this.#outer = outer;
    this.#onAbort = () => this.#giveUp(outer?.reason);
    outer?.addEventListener('abort', this.#onAbort, { once: true });
    if (outer?.aborted === true) this.#onAbort();
  }

  /** Aborted with the caller's own reason, or because of the stall. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Waits for one step, at most `stepMs` (default: what a stall is).
   *
   * @throws TargetError `UNAVAILABLE`, not retryable, if it makes no progress for too long; the caller's abort reason; the
   *   step's own error, without the secrets.
   */
  async over<Result>(
    step: (signal: AbortSignal) => Promise<Result>,
    stepMs: number = this.#stallMs,
  ): Promise<Result> {
    this.signal.throwIfAborted();
    // A promise for each step: one for the whole call would gather a reaction for every piece of a body.
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#reject = reject;
    this.#stepMs = stepMs;
    this.#arm();
    try {
      step(this.signal).then(resolve, reject);
      return await promise;
    } catch (error) {
      throw redactError(error, this.#secrets);
    } finally {
      this.#reject = undefined;
      this.#disarm();
    }
  }

  /** A put's body as the target reads it. Time that the body itself takes is not the target's. */
  async *body(body: ObjectBody): AsyncGenerator<Uint8Array, void, undefined> {
    this.#disarm();
    for await (const bytes of body) {
      this.#arm();
      yield bytes;
      this.#disarm();
    }
    this.#arm();
  }

  /** Ends the watch. What the target still does with its body starts no clock any more. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#disarm();
    this.#outer?.removeEventListener('abort', this.#onAbort);
  }

  #arm(): void {
    this.#disarm();
    if (this.#over) return;
    this.#timer = setTimeout(() => {
      // Not worth another try: it would stand still for as long again.
      const options = {
        retryable: false,
        hint: 'check that the target is reachable, then run the command again; on a slow line, raise its limits.stallTimeout',
      };
      const text = `${this.#what} made no progress for ${this.#stepMs / 1000} s`;
      this.#giveUp(new TargetError('UNAVAILABLE', text, options));
    }, this.#stepMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #giveUp(reason: unknown): void {
    this.#over = true;
    this.#disarm();
    this.#abort.abort(reason);
    this.#reject?.(reason);
  }
}
