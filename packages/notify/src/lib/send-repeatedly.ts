import { setTimeout as pause } from 'node:timers/promises';

import { SendFailure } from './send-failure.ts';

/** A hiccup is over by the third; what takes longer is for the next run. */
const MAX_ATTEMPTS = 3;

/**
 * Sends, and again after a failure that may pass, three times at most. `signal` ends everything.
 *
 * @param retryMs The first pause; the second is four times as long. What the other side asks for counts if it is longer.
 * @param endsAt When the signal will abort, by `performance.now()`: a pause that would last longer is not begun.
 */
export async function sendRepeatedly<Result>(
  send: () => Promise<Result>,
  {
    retryMs,
    endsAt,
    signal,
  }: { readonly retryMs: number; readonly endsAt: number; readonly signal: AbortSignal },
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted || attempt === MAX_ATTEMPTS || !(error instanceof SendFailure) || !error.retryable)
        throw error;
      const pauseMs = Math.max(retryMs * 4 ** (attempt - 1), error.retryAfterMs ?? 0);
      // Why the attempt failed says more than that time is up.
      if (performance.now() + pauseMs >= endsAt) throw error;
      await pause(pauseMs, undefined, { signal });
    }
  }
}
