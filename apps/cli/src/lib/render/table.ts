import Table from 'cli-table3';

import type { Colors } from '../colors.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const NO_LINES = Object.fromEntries(
  [
    ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid'],
  ]
    .flat()
    .map((name) => [name, '']),
);

/** Columns side by side without lines: reads well, and `awk` and `cut` can take it apart. Cells may hold colours. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const table = new Table({
    head: columns.map(({ title }) => colors.bold(title)),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: { ...NO_LINES, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}
