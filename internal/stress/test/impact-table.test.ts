import { expect, test } from 'vitest';

import { compareWindows, type Kind, type Measured } from '../src/lib/impact-table.ts';

/** A second with so many commits, one of which took this long. */
function second(kind: Kind, commits: number, longestMs = 2): Measured {
  const latencies = Array.from({ length: commits }, (_, n) => (n === 0 ? longestMs : 1));
  return { kind, latencies, ms: 1000, made: kind === 'alone' ? 0 : 1, workMs: 1000 };
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
  // Half and twice as many: as much as alone, by what can be told from two.
  expect(backups).toBe('| with backups | 188 | 100.0 ± 69.3 % | 1.0 | 1.0 | 60.0 | 30.0 | 1.0 |');
});
