import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { renderOffsite } from '../src/lib/offsite/render-offsite.ts';
import type { OffsiteResults } from '../src/lib/offsite/run-offsite.ts';
import { lifeStage, offsiteTools } from '../src/lib/offsite/steps.ts';
import { OFFSITE, replaceSection } from '../src/lib/replace-section.ts';

const usage = (wallSeconds: number, peakBytes = 100e6) => ({ wallSeconds, cpuSeconds: 1, peakBytes });

function resultsWith(quackup: number, rclone: number, restic: number, peakBytes: number): OffsiteResults {
  const run = (id: string, seconds: number) => ({ id, title: id, runs: [usage(seconds)] });
  const same = [run('quackup', quackup), run('rclone', rclone)];
  const whole = [run('quackup', quackup), run('restic', restic)];
  const runs = [usage(1, peakBytes)];
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    machine: { cpu: 'A', cores: 2, memoryBytes: 2 ** 30, kernel: 'K', fileSystem: 'F', node: 'v24' },
    versions: { rclone: 'v1' },
    missing: [],
    loadBefore: 0.1,
    databaseBytes: 1e9,
    archiveBytes: 600e6,
    rounds: 1,
    steps: { send: same, backup: whole, fetch: same, restore: whole },
    life: { full: runs, incremental: runs, verify: runs, restore: runs, cleanup: runs },
  };
}

test('goals that are met and goals that are missed are named with their figures', () => {
  const good = renderOffsite(resultsWith(2, 2, 4, 200e6));
  expect(good.filter((line) => line.includes('met.'))).toHaveLength(5);
  expect(good.join('\n')).not.toContain('Not alone');
  const bad = renderOffsite(resultsWith(3, 2, 4, 400e6)).filter((line) => line.includes('**missed**'));
  expect(bad).toEqual([
    '- Sending takes at most 1.1 times what rclone takes: 1.50, **missed**.',
    '- Fetching takes at most 1.1 times what rclone takes: 1.50, **missed**.',
    "- restic's backup takes at least 1.5 times as long: 1.33, **missed**.",
    "- restic's restore takes at least 1.5 times as long: 1.33, **missed**.",
    '- Less than 300 MB of memory in every step: 400 MB, **missed**.',
  ]);
});

test('throughput is of the archive where that travels, and of the database elsewhere', () => {
  const text = renderOffsite(resultsWith(2, 3, 4, 1)).join('\n');
  expect(text).toMatch(/\| quackup +\| +300 \| +1\.00 \|/);
  expect(text).toMatch(/\| rclone +\| +200 \| +1\.50 \|/);
  expect(text).toMatch(/\| restic +\| +250 \| +2\.00 \|/);
});

test('a machine that was not at rest is said', () => {
  const text = renderOffsite({ ...resultsWith(2, 2, 4, 1), loadBefore: 12.34 }).join('\n');
  expect(text).toContain('**Not alone**: 12.3 processes');
});

test('what is run is what a user would type', () => {
  const place = {
    endpoint: 'http://127.0.0.1:1',
    database: '/w/my.duckdb',
    archive: '/w/here/backup_1.tar.zst',
    config: '/w/quackup.yaml',
    into: '/w/into',
  };
  const [quackup, rclone] = offsiteTools(['quackup']);
  expect(quackup?.steps.send?.(place).join(' ')).toBe(
    'quackup --config /w/quackup.yaml copy latest --from here --to copied',
  );
  expect(rclone?.steps.fetch?.(place).join(' ')).toBe(
    'rclone copyto :s3:bench/rclone/backup_1.tar.zst /w/into/backup_1.tar.zst',
  );
  expect(lifeStage(['quackup'], 'cleanup', place).join(' ')).toBe(
    'quackup --config /w/quackup.yaml cleanup --keep-days 0 --min-count 0 --keep-last 1 --target bucket',
  );
});

test('the README has a place for the results', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  expect(replaceSection(readme, ['here'], OFFSITE)).toContain('here\n\n<!-- end of offsite -->');
});
