import { expect, test } from 'vitest';

import { BlockSamples, digestOf, sampleBytes } from '../../src/lib/snapshot/block-samples.ts';

const BLOCK_SIZE = 262_144;
const block = (fill: number): Buffer => Buffer.alloc(BLOCK_SIZE, fill);

test.each([
  [262_144, 4096],
  [65_536, 4096],
  [16_384, 1024],
])('of a block of %i bytes %i are looked at', (blockSize, bytes) => {
  expect(sampleBytes(blockSize)).toBe(bytes);
});

test('the sample of a block is that of its beginning, as it was copied last', () => {
  const samples = new BlockSamples();
  samples.copied(7, block(1));
  expect(samples.of(7)).toBe(digestOf(block(1).subarray(0, sampleBytes(BLOCK_SIZE))));
  samples.copied(7, block(2));
  samples.copied(1000, block(1));
  expect(samples.of(7)).toBe(digestOf(block(2).subarray(0, sampleBytes(BLOCK_SIZE))));
  expect(samples.of(7)).not.toBe(samples.of(1000));
  expect(samples.of(5000)).toBeUndefined();
});

test('one byte of the beginning makes another sample, and so does a beginning that is cut off', () => {
  const samples = new BlockSamples();
  samples.copied(0, block(0));
  const changed = block(0).subarray(0, sampleBytes(BLOCK_SIZE));
  expect(digestOf(changed.subarray(1))).not.toBe(samples.of(0));
  changed[changed.length - 1] = 1;
  expect(digestOf(changed)).not.toBe(samples.of(0));
});
