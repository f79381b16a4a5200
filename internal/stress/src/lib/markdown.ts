import { quantile } from './summary.ts';

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;

/** A table in Markdown. The first column is text, the others are numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, place) => (place === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('');
}

/** `p50 / p95 / max` of the values. */
export function spread(values: readonly number[], digits = 0): string {
  return [0.5, 0.95, 1].map((q) => quantile(values, q).toFixed(digits)).join(' / ');
}
