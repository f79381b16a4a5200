import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { BlockSet } from '../src/lib/block-set.ts';

test('a BlockSet behaves as a Set of numbers', () => {
  const id = fc.oneof(
    fc.nat(40),
    fc.integer({ min: 65_500, max: 65_600 }),
    fc.integer({ min: 2 ** 39, max: 2 ** 40 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), id)), (steps) => {
      const [blocks, model] = [new BlockSet(), new Set<number>()];
      for (const [isAdd, number] of steps) {
        expect(blocks.has(number)).toBe(model.has(number));
        if (isAdd) expect(blocks.add(number)).toBe(!model.has(number));
        else expect(blocks.delete(number)).toBe(model.has(number));
        if (isAdd) model.add(number);
        else model.delete(number);
        expect(blocks.size).toBe(model.size);
      }
    }),
  );
});
