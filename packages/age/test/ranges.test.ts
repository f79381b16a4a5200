import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { generateIdentity, openEncrypted, readHeader, recipientOf } from '../src/index.ts';
import { collect, encrypted, MemorySource, randomBuffer, sizeNearBorder } from './fixtures.ts';

const identity = await generateIdentity();
const recipients = [await recipientOf(identity)];

test('any range is what was written there', async () => {
  const fraction = fc.double({ min: 0, max: 1, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      sizeNearBorder,
      fc.array(fc.tuple(fraction, fraction), { minLength: 1, maxLength: 8 }),
      async (size, ranges) => {
        const plain = randomBuffer(size);
        const opened = await openEncrypted(new MemorySource(await encrypted(plain, recipients)), [identity]);
        expect(opened.size).toBe(size);
        for (const [from, share] of ranges) {
          const offset = Math.floor(from * size);
          const length = Math.round(share * (size - offset));
          const wanted = plain.subarray(offset, offset + length);
          expect((await opened.read(offset, length)).equals(wanted)).toBe(true);
          expect((await collect(opened.stream(offset, length))).equals(wanted)).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('only the pieces that hold a range are read, in one call', async () => {
  const plain = randomBuffer(10 * 65_536 + 5);
  const file = await encrypted(plain, recipients);
  const source = new MemorySource(file);
  const opened = await openEncrypted(source, [identity]);
  const { headerSize } = await readHeader(new MemorySource(file));
  const start = headerSize + 16;
  source.reads.length = 0;
  await opened.read(3 * 65_536 - 1, 2);
  await opened.read(65_536, 65_536);
  // The end is there since the file was opened.
  await opened.read(10 * 65_536, 5);
  await opened.read(0, 0);
  expect(source.reads).toEqual([
    { offset: start + 2 * 65_552, length: 2 * 65_552 },
    { offset: start + 65_552, length: 65_552 },
  ]);
});

test('several ranges are read at once', async () => {
  const plain = randomBuffer(500_000);
  const opened = await openEncrypted(new MemorySource(await encrypted(plain, recipients)), [identity]);
  const offsets = Array.from({ length: 50 }, (_, at) => at * 9_999);
  const read = await Promise.all(offsets.map((offset) => opened.read(offset, 9_999)));
  for (const [at, bytes] of read.entries()) {
    expect(bytes.equals(plain.subarray(at * 9_999, (at + 1) * 9_999))).toBe(true);
  }
});

test('ranges that are none are refused', async () => {
  const opened = await openEncrypted(new MemorySource(await encrypted(randomBuffer(100), recipients)), [
    identity,
  ]);
  for (const [offset, length] of [
    [0, 101],
    [100, 1],
    [-1, 2],
    [0.5, 1],
    [0, -1],
    [Number.NaN, 1],
  ] as const) {
    await expect(opened.read(offset, length)).rejects.toThrow(RangeError);
    await expect(collect(opened.stream(offset, length))).rejects.toThrow(RangeError);
  }
  await expect(collect(opened.stream(101))).rejects.toThrow(RangeError);
});
