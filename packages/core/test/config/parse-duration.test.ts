import { expect, test } from 'vitest';

import { parseDuration } from '../../src/lib/config/index.ts';

test.for<[string, number]>([
  ['500ms', 500],
  ['0s', 0],
  ['120s', 120_000],
  ['1.5m', 90_000],
  ['2 h', 7_200_000],
  ['24d', 2_073_600_000],
])('%s is %d ms', ([text, ms]) => {
  expect(parseDuration(text)).toBe(ms);
});

test.for(['', '120', 's', '-1s', '1e3s', '1s 2s', '2 weeks', '1S', '25d', '99999999999d', ' 1s'])(
  '%j is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
