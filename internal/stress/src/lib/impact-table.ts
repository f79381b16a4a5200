import { markdownTable } from './markdown.ts';
import type { Window } from './paced-writer.ts';
import { quantile } from './summary.ts';

export type Kind = 'alone' | 'with backups' | 'with a snapshot';

/** A window, and what was done in it. */
export interface Measured extends Window {
  readonly kind: Kind;
  /** Backups or snapshots that were made, and how long that took. */
  readonly made: number;
  readonly workMs: number;
}

/** What counts as a stall of the writer, milliseconds. */
const STALL_MS = 50;

const rate = ({ latencies, ms }: Window): number => (latencies.length * 1000) / ms;
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);

/** A line for each kind of window; throughput also as a share of that of the windows alone that came just before. */
export function compareWindows(measured: readonly Measured[]): string {
  const rows = [...Map.groupBy(measured, ({ kind }) => kind)].map(([kind, group]) => {
    const latencies = group.flatMap((each) => each.latencies);
    const shares = group.map((each) => {
      const before = measured[measured.indexOf(each) - 1];
      return before === undefined ? 1 : rate(each) / rate(before);
    });
    const minutes = group.reduce((sum, { ms }) => sum + ms, 0) / 60_000;
    const stalls = latencies.filter((each) => each > STALL_MS).length;
    const made = group.reduce((sum, each) => sum + each.made, 0);
    const seconds = group.reduce((sum, { workMs }) => sum + workMs, 0) / made / 1000;
    const [p50 = '', p99 = '', max = ''] = [0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(1));
    return [
      kind,
      mean(group.map(rate)).toFixed(0),
      kind === 'alone' ? '' : `${(100 * mean(shares)).toFixed(1)} %`,
      p50,
      p99,
      max,
      (stalls / minutes).toFixed(1),
      made === 0 ? '' : seconds.toFixed(1),
    ];
  });
  return markdownTable(
    ['writer', 'commits/s', 'of alone', 'p50 ms', 'p99 ms', 'max ms', 'over 50 ms, a minute', 'each took, s'],
    rows,
  );
}
