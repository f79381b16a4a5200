/**
 * Waits for `promise`, but no longer than until the signal is aborted: the SDK looks at the signal only once it talks to
 * the service, not while it looks for credentials. Leaves no listener behind.
 *
 * @throws `signal.reason` itself if the signal is aborted first.
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // The loser may still reject, with nobody waiting for it.
    promise.catch(() => {});
  }
}
