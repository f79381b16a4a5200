import { expect, it } from 'vitest';

import { type BodyPart, bodyParts } from '../src/index.ts';

const signal = new AbortController().signal;

const bytesOf = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 31) % 251));

async function partsOf(
  chunks: readonly Buffer[],
  sizeOf: (number: number) => number,
): Promise<readonly BodyPart[]> {
  const parts: BodyPart[] = [];
  const body = (async function* () {
    yield* chunks;
  })();
  for await (const part of bodyParts(body, { sizeOf, checkLength: () => {}, signal })) parts.push(part);
  return parts;
}

it.each([
  [0, [1], [0]],
  [1, [1], [1]],
  [99, [7], [99]],
  [100, [100], [100]],
  [100, [1], [100]],
  [101, [101], [100, 1]],
  [500_000, [65_537], [100, 200, 300, 400, 500, 600]],
])('cuts %i bytes in chunks of %j', async (size, [chunkSize = 1], begin) => {
  const bytes = bytesOf(size);
  const chunks: Buffer[] = [];
  for (let start = 0; start < size; start += chunkSize) chunks.push(bytes.subarray(start, start + chunkSize));
  const parts = await partsOf(chunks, (number) => 100 * number);
  expect(parts.slice(0, 6).map((part) => part.bytes.length)).toEqual(begin);
  expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
  expect(parts.map(({ last }) => last)).toEqual(parts.map((_, index) => index === parts.length - 1));
  expect(Buffer.concat(parts.map((part) => part.bytes)).equals(bytes)).toBe(true);
});

it('takes no memory for a part that the body does not fill', async () => {
  const [part] = await partsOf([bytesOf(10)], () => 5 * 1024 ** 3);
  expect(part?.bytes.buffer.byteLength).toBeLessThan(100_000);
});

it('uses the memory of released parts again, and no other', async () => {
  const body = (async function* () {
    for (let n = 0; n < 40; n += 1) yield new Uint8Array(100_000).fill(n);
  })();
  const kept: { readonly bytes: Buffer; readonly first: number }[] = [];
  const memory = new Set<unknown>();
  for await (const part of bodyParts(body, { sizeOf: () => 100_000, checkLength: () => {}, signal })) {
    expect(part.bytes.every((byte) => byte === part.number - 1)).toBe(true);
    memory.add(part.bytes.buffer);
    if (part.number % 10 === 0) kept.push({ bytes: part.bytes, first: part.number - 1 });
    else part.release();
  }
  for (const { bytes, first } of kept) expect(bytes.every((byte) => byte === first)).toBe(true);
  // The first one grows in memory of its own; then one is filled at a time, and four are never released.
  expect(memory.size).toBeLessThanOrEqual(2 + kept.length);
});
