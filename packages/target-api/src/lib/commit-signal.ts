/** Longer than a service in order takes to store what it has received, and short for somebody who has pressed Ctrl-C. */
const GRACE_MS = 2_000;

/**
 * The signal for the request of a put that makes the object visible. Once that is on its way nobody can call it back: given up at
 * once, the put rejects, and the object may appear all the same. So an abort reaches it only a while later, and until then
 * the answer counts: what is done may resolve, and what fails rejects with the abort's reason. For targets.
 *
 * @param signal The put's.
 * @throws `signal.reason` itself if it is aborted: then the request must not be sent.
 *
 * @example
 * const { etag } = await service.putObject(key, bytes, { signal: commitSignal(signal) });
 */
export function commitSignal(
  signal: AbortSignal | undefined,
  graceMs: number = GRACE_MS,
): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  signal.throwIfAborted();
  const late = new AbortController();
  signal.addEventListener('abort', () => setTimeout(() => late.abort(signal.reason), graceMs).unref(), {
    once: true,
  });
  return late.signal;
}
