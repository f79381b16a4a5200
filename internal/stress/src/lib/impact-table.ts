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

/** The rates of the windows of a kind as shares of the mean of those on both sides, in which the writer was alone. */
function sharesOfAlone(measured: readonly Measured[], kind: Kind): number[] {
  return measured.flatMap((each, place) => {
    const beside = [measured[place - 1], measured[place + 1]].filter((other) => other !== undefined);
    return each.kind === kind ? [rate(each) / mean(beside.map(rate))] : [];
  });
}

/**
 * The geometric mean of shares and its standard error, in percent. The mean of quotients would be too large: one that is
 * twice too high outweighs one that is twice too low.
 */
function describeShares(shares: readonly number[]): string {
  const logs = shares.map(Math.log);
  const middle = mean(logs);
  const variance = logs.reduce((sum, each) => sum + (each - middle) ** 2, 0) / Math.max(1, logs.length - 1);
  const share = 100 * Math.exp(middle);
  return `${share.toFixed(1)} ± ${(share * Math.sqrt(variance / logs.length)).toFixed(1)} %`;
}

/**
 * A line for each kind of window; throughput also as a share of that of the windows alone on both sides, with the standard
 * error over all of them.
 *
 * @param measured In the order of time, each that is not alone between two that are.
 */
export function compareWindows(measured: readonly Measured[]): string {
  const rows = [...Map.groupBy(measured, ({ kind }) => kind)].map(([kind, group]) => {
    const latencies = group.flatMap((each) => each.latencies);
    const minutes = group.reduce((sum, { ms }) => sum + ms, 0) / 60_000;
    const stalls = latencies.filter((each) => each > STALL_MS).length;
    const made = group.reduce((sum, each) => sum + each.made, 0);
    const seconds = group.reduce((sum, { workMs }) => sum + workMs, 0) / made / 1000;
    const [p50 = '', p99 = '', max = ''] = [0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(1));
    return [
      kind,
      mean(group.map(rate)).toFixed(0),
      kind === 'alone' ? '' : describeShares(sharesOfAlone(measured, kind)),
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
