import { setTimeout as pause } from 'node:timers/promises';

import { isTargetError } from '@quackup/target-api';

// 250 ms, 0.5, 1, 2 and 4 seconds between six tries: one slow moment of a service must not end an upload of hours, which
// core cannot begin anew, for its body has been read.
const ATTEMPTS = 6;

export interface RepeatOptions {
  /** Pause after the first failure, in milliseconds; each further one is twice as long. */
  readonly retryMs: number;
  readonly signal: AbortSignal | undefined;
  /**
   * Looks whether a try that failed was done after all: its answer may have been lost. What it gives is the result.
   * Absent: the request may be repeated without harm.
   */
  readonly wasDone?: () => Promise<boolean>;
}

/**
 * Repeats a request of a put until it succeeds or fails for good.
 *
 * @param send One try. `again` is true if an earlier one may have been done.
 * @returns What `send` gave; undefined if an earlier try was done although its answer was lost.
 */
export async function repeatRequest<Result>(
  send: (again: boolean) => Promise<Result>,
  { retryMs, signal, wasDone }: RepeatOptions,
): Promise<Result | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    let failure: unknown;
    try {
      return await send(attempt > 1);
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
    }
    const retryable = isTargetError(failure) && failure.retryable;
    // A later try may be refused exactly because an earlier one was done: the condition no longer holds, the upload is gone.
    if (wasDone !== undefined && (retryable || attempt > 1) && (await isDone(wasDone, signal)))
      return undefined;
    if (!retryable || attempt === ATTEMPTS) throw failure;
    // Several clients that were told to slow down must not come back at the same moment.
    const waitMs = retryMs * 2 ** (attempt - 1) * (0.5 + Math.random());
    await pause(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
}

async function isDone(wasDone: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    return await wasDone();
  } catch (error) {
    signal?.throwIfAborted();
    // The service is still in trouble: what counts is the request's own failure, and the next try asks again.
    if (isTargetError(error)) return false;
    throw error;
  }
}
