import { expect, it } from 'vitest';

import { blocksInFlight, MAX_BLOCK_SIZE, MAX_BLOCKS, MIB, planBlocks } from '../src/lib/block-plan.ts';

const GIB = 1024 * MIB;
const TIB = 1024 * GIB;

it('reaches its limit with the blocks that Azure takes', () => {
  const { sizeOf, maxObjectSize } = planBlocks();
  let sum = 0;
  for (let number = 1; number <= MAX_BLOCKS; number += 1) {
    expect(sizeOf(number)).toBeLessThanOrEqual(MAX_BLOCK_SIZE);
    sum += sizeOf(number);
  }
  expect(maxObjectSize).toBe(63 * TIB);
  expect(sum).toBeGreaterThanOrEqual(maxObjectSize);
});

it.each([
  [1, 128, 8],
  [10, 1173, 10],
  [100, 4919, 46],
  [1024, 12_154, 242],
])('cuts %i GiB into %i blocks, the last of %i MiB', (sizeGiB, count, lastMiB) => {
  const { sizeOf } = planBlocks();
  let [number, sum] = [0, 0];
  while (sum < sizeGiB * GIB) sum += sizeOf((number += 1));
  expect([number, Math.floor(sizeOf(number) / MIB)]).toEqual([count, lastMiB]);
});

it('cuts an object of known length evenly', () => {
  expect(planBlocks(undefined, 10 * GIB).sizeOf(1)).toBe(8 * MIB);
  const { sizeOf } = planBlocks(undefined, 50 * TIB);
  expect(sizeOf(1)).toBe(sizeOf(MAX_BLOCKS));
  expect(sizeOf(1) * MAX_BLOCKS).toBeGreaterThanOrEqual(50 * TIB);
  expect(sizeOf(1)).toBeLessThanOrEqual(MAX_BLOCK_SIZE);
});

it('takes a size that is given', () => {
  expect(planBlocks(100 * MIB).sizeOf(7)).toBe(100 * MIB);
  expect(planBlocks(100 * MIB).maxObjectSize).toBe(MAX_BLOCKS * 100 * MIB);
});

it('sends fewer blocks at a time the larger they are', () => {
  expect([8, 25, 40, 60, 200, 4000].map((sizeMiB) => blocksInFlight(sizeMiB * MIB, 4))).toEqual([
    4, 4, 2, 1, 1, 1,
  ]);
  expect(blocksInFlight(8 * MIB, 32)).toBe(32);
});
