import { markdownTable } from './markdown.ts';
import type { Window } from './paced-writer.ts';
import { quantile } from './summary.ts';

export type Kind = 'alone' | 'with backups' | 'with a snapshot';

/** A window, and what was done in it. */
export interface Measured extends Window {
  readonly kind: Kind;
  /** Backups or snapshots that came to their end in it. */
  readonly made: number;
}

/** What counts as a stall of the writer, milliseconds. */
const STALL_MS = 50;

const rate = ({ latencies, ms }: Window): number => (latencies.length * 1000) / ms;
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);

/** The commits of a window, and how many there would have been alone, by the windows on both sides. */
interface Compared {
  readonly commits: number;
  readonly alone: number;
}

function besideAlone(measured: readonly Measured[], kind: Kind): Compared[] {
  return measured.flatMap((each, place) => {
    if (each.kind !== kind) return [];
    const beside = [measured[place - 1], measured[place + 1]].filter((other) => other !== undefined);
    return [{ commits: each.latencies.length, alone: (mean(beside.map(rate)) * each.ms) / 1000 }];
  });
}

/** The share of the commits that were made, and its standard error by leaving out one window after the other (jackknife), in percent. */
function describeShare(windows: readonly Compared[]): string {
  const total = (of: keyof Compared): number => windows.reduce((sum, each) => sum + each[of], 0);
  const [commits, alone] = [total('commits'), total('alone')];
  const without = windows.map((each) => (100 * (commits - each.commits)) / (alone - each.alone));
  const middle = mean(without);
  const squares = without.reduce((sum, each) => sum + (each - middle) ** 2, 0);
  const error = Math.sqrt(((windows.length - 1) / windows.length) * squares);
  return `${((100 * commits) / alone).toFixed(1)} ± ${error.toFixed(1)} %`;
}

/**
 * A line for each kind of window; throughput also as a share of that of the windows alone on both sides, with the standard
 * error over all of them.
 *
 * @param measured In the order of time, each that is not alone between two that are. A share needs two of them.
 */
export function compareWindows(measured: readonly Measured[]): string {
  const rows = [...Map.groupBy(measured, ({ kind }) => kind)].map(([kind, group]) => {
    const latencies = group.flatMap((each) => each.latencies);
    const minutes = group.reduce((sum, { ms }) => sum + ms, 0) / 60_000;
    const stalls = latencies.filter((each) => each > STALL_MS).length;
    const made = group.reduce((sum, each) => sum + each.made, 0);
    const seconds = (minutes * 60) / made;
    const [p50 = '', p99 = '', max = ''] = [0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(1));
    return [
      kind,
      mean(group.map(rate)).toFixed(0),
      kind === 'alone' ? '' : describeShare(besideAlone(measured, kind)),
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
