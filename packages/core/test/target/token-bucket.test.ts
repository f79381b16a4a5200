import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { takeTokens, type TokenBucket } from '../../src/lib/target/token-bucket.ts';

const RATE = { bytesPerSecond: 1000, burst: 250 };

test('what is there goes at once, what is not waits until it has gathered', () => {
  const first = takeTokens(undefined, 200, 0, RATE);
  expect(first).toEqual({ bucket: { tokens: 50, atMs: 0 }, waitMs: 0 });
  const second = takeTokens(first.bucket, 150, 0, RATE);
  expect(second).toEqual({ bucket: { tokens: -100, atMs: 0 }, waitMs: 100 });
  // Who comes next waits for those before it as well.
  expect(takeTokens(second.bucket, 100, 40, RATE).waitMs).toBe(160);
});

test('no more gathers than a burst, however long nothing is sent', () => {
  const { bucket } = takeTokens(undefined, 250, 0, RATE);
  expect(takeTokens(bucket, 0, 3_600_000, RATE).bucket.tokens).toBe(250);
});

test('a clock that is set back gives nothing', () => {
  const { bucket } = takeTokens(undefined, 250, 5000, RATE);
  expect(takeTokens(bucket, 100, 1000, RATE).waitMs).toBe(100);
});

test('in no span of time more is sent than the rate allows, and nobody waits longer than it asks', () => {
  const asks = fc.array(fc.record({ afterMs: fc.nat(3000), bytes: fc.integer({ min: 1, max: 2000 }) }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(asks, fc.integer({ min: 1, max: 10_000 }), (pieces, bytesPerSecond) => {
      const rate = { bytesPerSecond, burst: bytesPerSecond / 4 };
      let bucket: TokenBucket | undefined;
      let nowMs = 0;
      const sent: { readonly atMs: number; readonly bytes: number }[] = [];
      for (const { afterMs, bytes } of pieces) {
        nowMs += afterMs;
        const taken = takeTokens(bucket, bytes, nowMs, rate);
        bucket = taken.bucket;
        sent.push({ atMs: nowMs + taken.waitMs, bytes });
      }
      for (let from = 0; from < sent.length; from += 1) {
        let total = 0;
        for (let to = from; to < sent.length; to += 1) {
          const { atMs = 0, bytes = 0 } = sent[to] ?? {};
          const spanMs = atMs - (sent[from]?.atMs ?? 0);
          // What is asked for last goes whole; the first piece may have waited for its own bytes already.
          expect(total).toBeLessThanOrEqual(
            (spanMs * bytesPerSecond) / 1000 + rate.burst + (sent[from]?.bytes ?? 0) + 1e-6,
          );
          total += bytes;
        }
      }
      const all = sent.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(sent.at(-1)?.atMs).toBeLessThanOrEqual(nowMs + (all * 1000) / bytesPerSecond + 1e-6);
    }),
  );
});
