import { expect, test } from 'vitest';

import type { ToolRuns } from '../src/lib/copy-rounds.ts';
import type { ToolId } from '../src/lib/tools.ts';
import { replaceSection } from '../src/lib/replace-section.ts';
import { formatSpread, renderLosses, renderStepTable } from '../src/lib/step-table.ts';
import { renderTable } from '../src/lib/table.ts';

const MIB = 1024 * 1024;

function tool(
  id: ToolId,
  walls: readonly number[],
  facts: { flush?: number; stored?: number } = {},
): ToolRuns {
  const { flush = 0, stored = 100 } = facts;
  const usage = (wallSeconds: number): ToolRuns['runs'][number]['backup'] => ({
    wallSeconds,
    cpuSeconds: 1,
    peakBytes: 50 * MIB,
    flushSeconds: flush,
  });
  return {
    id,
    title: id,
    syncs: { backup: true, restore: false },
    runs: walls.map((wall) => ({ backup: usage(wall), restore: usage(wall), storedBytes: stored * MIB })),
  };
}

test('a table is padded, right columns to the right, and a bar in a cell does not end it', () => {
  expect(
    renderTable([{ title: 'tool' }, { title: 's', align: 'right' }], [['tar | zstd', '1.25'], ['x']]),
  ).toEqual([
    '| tool        |    s |',
    '| ----------- | ---: |',
    '| tar \\| zstd | 1.25 |',
    '| x           |      |',
  ]);
});

test('a spread without extremes worth showing is its median', () => {
  expect(formatSpread({ median: 2, min: 1.5, max: 3 }, 1)).toBe('2.0 (1.5..3.0)');
  expect(formatSpread({ median: 2, min: 1.999, max: 2.001 }, 1)).toBe('2.0');
});

test("a tool's time is divided by quackup's, median by median", () => {
  const [, , own, other] = renderStepTable(
    [tool('quackup', [2, 4, 9]), tool('tar-zstd', [6, 5, 20])],
    'backup',
  );
  expect(own).toMatch(/^\| quackup +\| +4\.00 \(2\.00\.\.9\.00\) +\| +1\.00 \|/);
  expect(other).toMatch(/^\| tar-zstd +\| +6\.00 \(5\.00\.\.20\.00\) +\| +1\.50 \|/);
});

test('only a backup has a stored size', () => {
  const tools = [tool('quackup', [1])];
  expect(renderStepTable(tools, 'backup')[0]).toContain('stored MiB');
  expect(renderStepTable(tools, 'restore')[0]).not.toContain('stored MiB');
});

test('without quackup there is nothing to divide by, and the table is still there', () => {
  const lines = renderStepTable([tool('tar-zstd', [1])], 'restore');
  expect(lines).toHaveLength(3);
  expect(lines.join('\n')).not.toContain('NaN');
  expect(renderLosses([tool('tar-zstd', [1])], 'restore')).toEqual([]);
});

test('everything in which another tool is better is said, the best first', () => {
  const tools = [
    tool('quackup', [4], { stored: 100 }),
    tool('restic', [1], { flush: 9, stored: 200 }),
    tool('borg', [0.5], { stored: 50 }),
    tool('python-gzip', [8]),
  ];
  expect(renderLosses(tools, 'backup')).toEqual([
    "- Faster than quackup: borg (0.13 of quackup's), restic (0.25 of quackup's).",
    "- Faster with the flush counted: borg (0.13 of quackup's).",
    '- Less CPU time: none.',
    '- Less memory: none.',
    "- Smaller: borg (0.50 of quackup's).",
  ]);
});

const SECTION =
  'a\n<!-- results: written by `npm run bench -- --write` -->\nold\n<!-- end of results -->\nb\n';

test('the results replace what is between the markers and nothing else', () => {
  const once = replaceSection(SECTION, ['new', 'lines', '']);
  expect(once).toBe(
    'a\n<!-- results: written by `npm run bench -- --write` -->\n\nnew\nlines\n\n<!-- end of results -->\nb\n',
  );
  expect(replaceSection(once, ['new', 'lines', ''])).toBe(once);
});

test.each(['no markers', SECTION.replace('<!-- end of results -->', ''), SECTION + SECTION])(
  'a file without one place for the results is refused: case %#',
  (text) => {
    expect(() => replaceSection(text, ['new'])).toThrow('no place for the results');
  },
);
