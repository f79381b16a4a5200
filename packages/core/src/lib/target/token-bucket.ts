/** How many bytes may go at once, and since when that is known. Negative: bytes went before their time. */
export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** How fast a bucket fills, and how far. */
export interface BucketRate {
  /** Bytes in a second. */
  readonly bytesPerSecond: number;
  /** The most that gathers while nothing is sent, in bytes. */
  readonly burst: number;
}

/**
 * Takes `bytes` out of a bucket, more than there are if need be, and tells how long to wait before they are sent. So several
 * senders get their turns in the order in which they asked, and what is sent in any span of t seconds is at most
 * `bytesPerSecond * t + burst` bytes and the piece that is asked for last.
 *
 * @param bucket Undefined: full.
 */
export function takeTokens(
  bucket: TokenBucket | undefined,
  bytes: number,
  nowMs: number,
  { bytesPerSecond, burst }: BucketRate,
): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const { tokens, atMs } = bucket ?? { tokens: burst, atMs: nowMs };
  // A clock that is set back gives nothing and takes nothing.
  const passedMs = Math.max(0, nowMs - atMs);
  const filled = Math.min(burst, tokens + (passedMs * bytesPerSecond) / 1000);
  const left = filled - bytes;
  return { bucket: { tokens: left, atMs: nowMs }, waitMs: left >= 0 ? 0 : (-left * 1000) / bytesPerSecond };
}
