import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { conformanceCases, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, it } from 'vitest';

import { COLUMNS } from '../src/lib/columns.ts';
import { tableIn, withTable } from '../src/lib/document.ts';
import { groupOf, renderTable } from '../src/lib/render-table.ts';
import { runColumn } from '../src/lib/run-column.ts';

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'targets.md');

const rows = async (): Promise<readonly (readonly string[])[]> =>
  tableIn(await readFile(DOCUMENT, 'utf8'))
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('the table in docs/targets.md', () => {
  it('has a column for every target', async () => {
    const [titles = []] = await rows();
    expect(titles.slice(1)).toEqual(COLUMNS.map(({ title }) => title));
  });

  it('has the cases that the kit has: else run `npm run targets -- --write`', async () => {
    const groups = new Map<string, number>();
    for (const { id } of conformanceCases) groups.set(groupOf(id), (groups.get(groupOf(id)) ?? 0) + 1);
    const told = (await rows()).flatMap(([cell = '']) => {
      const [, group, count] = /^`([^`]+)` \((\d+)\)$/.exec(cell) ?? [];
      return group === undefined ? [] : [[group, Number(count)] as const];
    });
    expect(new Map(told)).toEqual(groups);
  });

  it('has every case in every column, and none that failed', async () => {
    const all = await rows();
    const totals = (name: string): readonly number[] =>
      all
        .find(([cell]) => cell === `**${name}**`)
        ?.slice(1)
        .map(Number) ?? [];
    const kinds = ['passed', 'denied, and refused', 'not applicable', 'known to fail'].map(totals);
    for (const index of COLUMNS.keys())
      expect(kinds.reduce((sum, counts) => sum + (counts[index] ?? Number.NaN), 0)).toBe(
        conformanceCases.length,
      );
    expect(totals('failed')).toEqual(COLUMNS.map(() => 0));
  });
});

describe('a column', () => {
  it(
    'tells what passed, what is refused, what does not apply, and what fails',
    { timeout: 60_000 },
    async () => {
      const store = new MemoryStore();
      const result = await runColumn(
        {
          title: 'mine',
          start: async () => ({
            setup: {
              open: async () => {
                const target = new MemoryTarget({ store, capabilities: { putIfMatch: false } });
                return Object.assign(target, { displayName: '' });
              },
              large: false,
            },
            [Symbol.asyncDispose]: async () => {},
          }),
        },
        () => {},
      );
      const table = renderTable([result]);
      expect(table).toMatch(/^\| `if-match` \(\d+\) \| refused \|$/m);
      expect(table).toMatch(/^\| `identity` \(\d+\) \| 1 failed \|$/m);
      expect(table).toMatch(/^\| `definition` \(\d+\) \| – \|$/m);
      expect(table).toContain('| **failed** | 1 |');
      expect(table).toContain('| put if match | no |');
    },
  );

  it('replaces the table in a document, and nothing else', () => {
    const document = 'before\n<!-- npm run targets -- --write -->\n\n| old |\n\n<!-- end -->\nafter\n';
    const changed = withTable(document, '| new |');
    expect(tableIn(changed)).toBe('| new |');
    expect(changed.replace('new', 'old')).toBe(document);
    expect(() => withTable('no place', '| new |')).toThrow('expected');
  });
});
