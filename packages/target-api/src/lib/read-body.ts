import type { ObjectBody } from './storage-target.ts';

/**
 * Reads a put's body as the contract wants it: once, one chunk at a time, closed (`return()`) if it is left before its
 * end, and left at once when `signal` is aborted, even while the body gives nothing. `for await` alone would wait for the
 * next chunk. For targets; whoever hands the body to a library needs the same of that library.
 *
 * @example
 * for await (const chunk of readBody(body, signal)) await connection.write(chunk);
 *
 * @throws `signal.reason` itself if the signal is aborted; the body's own error unwrapped.
 */
export async function* readBody(
  body: ObjectBody,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  const iterator = body[Symbol.asyncIterator]();
  let state: 'waiting' | 'holding' | 'ended' = 'holding';
  try {
    while (true) {
      state = 'waiting';
      const next = iterator.next();
      // A body that fails or ends has closed itself; one that is still waiting when the signal comes has not.
      next.then(
        (step) => (state = step.done === true ? 'ended' : 'holding'),
        () => (state = 'ended'),
      );
      const step = await orAborted(next, signal);
      if (step.done === true) return;
      yield step.value;
      signal?.throwIfAborted();
    }
  } finally {
    await closeBody(iterator, state);
  }
}

async function closeBody(
  iterator: AsyncIterator<Uint8Array>,
  state: 'waiting' | 'holding' | 'ended',
): Promise<void> {
  if (state === 'ended' || iterator.return === undefined) return;
  // As `for await` does it: the reason for leaving counts, not what the body says to it.
  const closed = iterator.return().then(
    () => undefined,
    () => undefined,
  );
  // A generator that waits takes up `return()` only when its wait is over, which may be never.
  if (state === 'holding') await closed;
}

/** Waits for `promise`, but no longer than until the signal is aborted. Leaves no listener behind. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: either, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = (): void => reject(signal.reason);
  const settled = (): void => signal.removeEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  promise.then(resolve, reject).finally(settled);
  either.then(settled, settled);
  return either;
}
