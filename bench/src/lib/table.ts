/** Markdown tables, padded so that they read well in a terminal and a formatter leaves them as they are. Pure. */

export interface TableColumn {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A table with a line for its titles and one for each row. Cells must not hold line breaks. */
export function renderTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map((_, index) => (row[index] ?? '').replaceAll('|', '\\|')),
  );
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => (row[index] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align)).join(' | ')} |`;
  const rule = columns.map(({ align }, index) =>
    align === 'right' ? `${'-'.repeat((widths[index] ?? 0) - 1)}:` : '-'.repeat(widths[index] ?? 0),
  );
  const [titles = [], ...body] = cells;
  return [line(titles), line(rule), ...body.map(line)];
}

function pad(cell: string, width: number, align: TableColumn['align']): string {
  const spaces = ' '.repeat(width - cell.length);
  return align === 'right' ? spaces + cell : cell + spaces;
}
