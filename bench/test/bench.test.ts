import { readdir } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { parseOptions } from '../src/lib/options.ts';
import { renderReport } from '../src/lib/report.ts';
import { runBench } from '../src/lib/run-bench.ts';
import { tempFolder } from './temp-folder.ts';

test('a small benchmark measures quackup and a peer, checks what they restore, and leaves only databases behind', async () => {
  await using folder = await tempFolder();
  const args = [
    '--bytes',
    '5MB',
    '--rounds',
    '1',
    '--backups',
    '3',
    '--starts',
    '2',
    '--tools',
    'quackup,tar-zstd',
  ];
  const options = parseOptions([...args, '--dir', folder.path], folder.path);
  const results = await runBench(options, {
    signal: new AbortController().signal,
    now: new Date(),
    say: () => undefined,
  });

  // zstd may not be installed; then it must be among the missing.
  const measured = results.tools.map(({ id }) => id);
  expect(measured[0]).toBe('quackup');
  expect(measured.length + results.missing.length).toBe(2);
  for (const { runs } of results.tools) {
    expect(runs).toHaveLength(1);
    for (const { backup, restore, storedBytes } of runs) {
      expect(storedBytes).toBeGreaterThan(1e6);
      expect(Math.min(backup.wallSeconds, restore.wallSeconds)).toBeGreaterThan(0);
      expect(Math.min(backup.peakBytes, restore.peakBytes)).toBeGreaterThan(1e6);
    }
  }
  expect(results.startUp.map(({ runsMs }) => runsMs.length)).toEqual([2, 2, 2]);

  const report = renderReport(results).join('\n');
  for (const title of [
    'First full backup',
    'Restore of that backup',
    'quackup --help',
    'quackup list, 3 backups',
  ]) {
    expect(report).toContain(title);
  }
  expect((await readdir(folder.path)).filter((name) => !name.startsWith('flights-'))).toEqual([]);
});
