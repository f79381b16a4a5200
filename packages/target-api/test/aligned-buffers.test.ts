import { expect, test } from 'vitest';

import { AlignedBuffers, isAligned } from '../src/lib/aligned-buffers.ts';

function firstOf({ buffers: [buffer] }: AlignedBuffers): Buffer {
  if (buffer === undefined) throw new Error('there is no aligned memory here');
  return buffer;
}

const memoryOf = (aligned: AlignedBuffers): ArrayBufferLike => firstOf(aligned).buffer;

test('buffers of any size are their own, and lie where a direct write may begin', () => {
  for (const size of [16_384, 262_144, 100]) {
    using aligned = new AlignedBuffers(5, size);
    const { buffers } = aligned;
    expect(buffers.map(({ length }) => length)).toEqual(Array.from({ length: 5 }, () => size));
    for (const [place, buffer] of buffers.entries()) buffer.fill(place + 1);
    for (const [place, buffer] of buffers.entries()) {
      expect(buffer.equals(Buffer.alloc(size, place + 1))).toBe(true);
      expect(isAligned(buffer, 12_288)).toBe(size !== 100);
    }
  }
});

test('nothing else can be written directly: another place, a part of a page, memory of unknown address', () => {
  using aligned = new AlignedBuffers(1, 262_144);
  const buffer = firstOf(aligned);
  expect(isAligned(buffer, 12_288)).toBe(true);
  expect(isAligned(buffer.subarray(4096, 12_288), 4096)).toBe(true);
  expect(isAligned(buffer, 12_289)).toBe(false);
  expect(isAligned(buffer.subarray(1), 0)).toBe(false);
  expect(isAligned(buffer.subarray(0, 100), 0)).toBe(false);
  expect(isAligned(Buffer.from(new SharedArrayBuffer(4096)), 0)).toBe(false);
});

test('memory is used again when it was given back, once', () => {
  const size = 3 * 65_536;
  const [first, second] = [new AlignedBuffers(2, size), new AlignedBuffers(2, size)];
  expect(memoryOf(first)).not.toBe(memoryOf(second));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const [third, fourth] = [new AlignedBuffers(1, 2 * size), new AlignedBuffers(2, size)];
  expect(memoryOf(third)).toBe(memoryOf(first));
  expect(memoryOf(fourth)).not.toBe(memoryOf(first));
});
