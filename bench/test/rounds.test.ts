import { expect, test } from 'vitest';

import { orderOfRound, spread } from '../src/lib/rounds.ts';

test('the median of an odd number of values is the middle one', () => {
  expect(spread([10, 2, 33])).toEqual({ median: 10, min: 2, max: 33 });
});

test('the median of an even number of values is the mean of the two in the middle', () => {
  expect(spread([4, 1, 100, 2])).toEqual({ median: 3, min: 1, max: 100 });
});

test('one value is its own median and extremes', () => {
  expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 });
});

test('no values have no spread', () => {
  expect(() => spread([])).toThrow(RangeError);
});

test('in as many rounds as there are tools each has every place once', () => {
  const tools = ['a', 'b', 'c'];
  const orders = [0, 1, 2].map((round) => orderOfRound(tools, round));
  for (const place of [0, 1, 2]) {
    expect(new Set(orders.map((order) => order[place]))).toEqual(new Set(tools));
  }
  expect(orderOfRound(tools, 3)).toEqual(orderOfRound(tools, 0));
});

test('a round of nothing is empty', () => {
  expect(orderOfRound([], 3)).toEqual([]);
});
