import { expect, it } from 'vitest';

import {
  MAX_OBJECT_SIZE,
  MAX_PART_SIZE,
  MAX_PARTS,
  MIB,
  MIN_PART_SIZE,
  partsInFlight,
  planParts,
} from '../src/lib/part-plan.ts';

const sum = (sizeOf: (number: number) => number, count: number): number =>
  Array.from({ length: count }, (_, index) => sizeOf(index + 1)).reduce((total, size) => total + size, 0);

it('reaches the largest object in 10,000 parts, each within the limits of S3, when the length is not known', () => {
  const { sizeOf, maxObjectSize } = planParts();
  expect(maxObjectSize).toBe(5 * 1024 ** 4);
  expect(sum(sizeOf, MAX_PARTS)).toBeGreaterThanOrEqual(MAX_OBJECT_SIZE);
  for (let number = 1; number <= MAX_PARTS; number += 1) {
    expect(sizeOf(number)).toBeGreaterThanOrEqual(MIN_PART_SIZE);
    expect(sizeOf(number)).toBeLessThanOrEqual(MAX_PART_SIZE);
    expect(Number.isInteger(sizeOf(number))).toBe(true);
    if (number > 1) expect(sizeOf(number)).toBeGreaterThan(sizeOf(number - 1));
  }
});

it.each([
  ['1 GiB', 1, 127, 8, 4],
  ['10 GiB', 10, 856, 20, 4],
  ['100 GiB', 100, 2481, 108, 1],
  ['1 TiB', 1024, 5704, 535, 1],
])('needs for %s what the README says', (_, gib, parts, lastMiB, inFlight) => {
  const { sizeOf } = planParts();
  let [length, number] = [0, 0];
  while (length < gib * 1024 * MIB) length += sizeOf((number += 1));
  expect([number, Math.round(sizeOf(number) / MIB), partsInFlight(sizeOf(number), 4)]).toEqual([
    parts,
    lastMiB,
    inFlight,
  ]);
});

it('uses parts of one size when the length is known or the size is set', () => {
  for (const size of [0, 1, 8 * MIB, 100 * 1024 * MIB, MAX_OBJECT_SIZE - 1, MAX_OBJECT_SIZE]) {
    const { sizeOf } = planParts(undefined, size);
    expect(sizeOf(1)).toBe(sizeOf(MAX_PARTS));
    expect(sizeOf(1) * MAX_PARTS).toBeGreaterThanOrEqual(size);
    expect(sizeOf(1)).toBeLessThanOrEqual(MAX_PART_SIZE);
  }
  expect(planParts(64 * MIB).sizeOf(9999)).toBe(64 * MIB);
  expect(planParts(64 * MIB).maxObjectSize).toBe(625 * 1024 * MIB);
  expect(planParts(5 * 1024 * MIB).maxObjectSize).toBe(MAX_OBJECT_SIZE);
});

it('sends fewer parts at a time the larger they are, but always one', () => {
  expect([8, 25, 32, 45, 1000].map((mib) => partsInFlight(mib * MIB, 4))).toEqual([4, 4, 3, 1, 1]);
  expect(partsInFlight(8 * MIB + 17, 16)).toBe(16);
  expect(partsInFlight(8 * MIB, 1)).toBe(1);
});
