import { expect, test } from 'vitest';

import { compareWindows, type Kind, type Measured } from '../src/lib/impact-table.ts';

/** A second with so many commits, one of which took this long. */
function second(kind: Kind, commits: number, longestMs = 2): Measured {
  const latencies = Array.from({ length: commits }, (_, n) => (n === 0 ? longestMs : 1));
  return { kind, latencies, ms: 1000, made: kind === 'alone' ? 0 : 1 };
}

test('each window is compared with those on both sides of it', () => {
  const table = compareWindows([
    second('alone', 100),
    second('with backups', 75, 60),
    second('alone', 200),
    second('with backups', 300),
    second('alone', 100),
  ]);
  const [, , alone = '', backups = ''] = table.split('\n').map((line) => line.replaceAll(/ +/gu, ' '));
  expect(alone).toBe('| alone | 133 | | 1.0 | 1.0 | 2.0 | 0.0 | |');
  // 375 commits instead of 300; of each alone half and twice as many.
  expect(backups).toBe('| with backups | 188 | 125.0 ± 75.0 % | 1.0 | 1.0 | 60.0 | 30.0 | 1.0 |');
});

const slice = (kind: Kind, commits: number, ms: number): Measured => ({
  ...second(kind, commits),
  ms,
  made: 0,
});

test('a window counts by its length, also one without a single commit', () => {
  const table = compareWindows([
    slice('alone', 100, 1000),
    slice('with a snapshot', 0, 100),
    slice('alone', 100, 1000),
    slice('with a snapshot', 90, 900),
    slice('alone', 100, 1000),
  ]);
  expect(table).toMatch(/with a snapshot .*\| 90\.0 ± /u);
});
