import stringWidth from 'string-width';

import type { Colors } from '../colors.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Columns side by side without lines: reads well, and `awk` and `cut` can take it apart. Cells may hold colours. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const lines = [columns.map(({ title }) => colors.bold(title)), ...rows];
  const cells = lines.map((line) =>
    columns.map((_, place) => ({ text: line[place] ?? '', width: stringWidth(line[place] ?? '') })),
  );
  const widths = columns.map((_, place) =>
    cells.reduce((most, line) => Math.max(most, line[place]?.width ?? 0), 0),
  );
  return cells.map((line) =>
    line
      .map(({ text, width }, place) => {
        const padding = ' '.repeat((widths[place] ?? 0) - width);
        return columns[place]?.align === 'right' ? padding + text : text + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}
