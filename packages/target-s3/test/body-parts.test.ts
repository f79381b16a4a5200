import { expect, it } from 'vitest';

import { type BodyPart, bodyParts } from '../src/lib/body-parts.ts';
import { bytesOf, errorOf, KEY, openPlace } from './support.ts';

const signal = new AbortController().signal;

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

it('leaves a body as soon as it is too long', async () => {
  await using place = await openPlace();
  let given = 0;
  let closed = false;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (; given < 1000; given += 1) yield bytesOf(1000);
    } finally {
      closed = true;
    }
  };
  const error = await errorOf(place.target.put(KEY, body(), { size: 2500 }));
  expect([error.code, given, closed]).toEqual(['SIZE_MISMATCH', 2, true]);
  expect(place.server.objects().size).toBe(0);
});
