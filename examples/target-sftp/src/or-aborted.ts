/**
 * Waits for `promise`, but no longer than until the signal is aborted: then rejects with its reason. SFTP has no way to call a
 * request back, so whoever aborts goes, and what the answer brings is cleaned up behind.
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // One of the two is nobody's any more.
    promise.catch(() => {});
    aborted.promise.catch(() => {});
  }
}
