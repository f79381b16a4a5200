import { type Attempt, isAccepted } from './attempt.ts';

/** The value below which a share `q` of the values lies; 0 for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

const HEAD = [
  '| engine | storage | scenario | accepted | bad | no copy | ms: p50 / p95 / max | passes: p50 / p95 / max | read: p50 / max |',
  '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
];

/** A table in Markdown: a line for each engine, storage version and scenario, and one for all; and how copies failed. */
export function summarize(attempts: readonly Attempt[]): string[] {
  const groups = Map.groupBy(
    attempts,
    ({ engine, storage, scenario }) => `${engine} | ${storage} | ${scenario}`,
  );
  const lines = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, group]) => summaryLine(name, group));
  return [...HEAD, ...lines, summaryLine('all | | ', attempts), ...failureLines(attempts)];
}

/** As {@link summarize}, a line for each engine. */
export function summarizeEngines(attempts: readonly Attempt[]): string[] {
  const groups = Map.groupBy(attempts, ({ engine, storage }) => `${engine} | ${storage} | all`);
  const lines = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, group]) => summaryLine(name, group));
  return [...HEAD, ...lines, summaryLine('all | | ', attempts)];
}

function summaryLine(name: string, group: readonly Attempt[]): string {
  const accepted = group.filter(isAccepted);
  const of = (value: (attempt: Attempt) => number, digits: number, ...shares: readonly number[]): string =>
    shares.map((q) => quantile(accepted.map(value), q).toFixed(digits)).join(' / ');
  const bad = accepted.filter(({ outcome }) => outcome === 'bad').length;
  const ms = of((each) => each.ms, 0, 0.5, 0.95, 1);
  const passes = of((each) => each.passes, 0, 0.5, 0.95, 1);
  const read = of((each) => each.readRatio, 2, 0.5, 1);
  return `| ${name} | ${accepted.length} | ${bad} | ${group.length - accepted.length} | ${ms} | ${passes} | ${read} |`;
}

/** How often each kind of failure came up; a copy that fails in two ways counts twice. */
function failureLines(attempts: readonly Attempt[]): string[] {
  const counts = new Map<string, number>();
  for (const { outcome, wrong } of attempts) {
    const kinds = new Set(outcome === 'bad' ? wrong.map(({ kind }) => kind) : [outcome]);
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  counts.delete('good');
  return counts.size === 0 ? [] : ['', [...counts].map(([kind, times]) => `${kind}: ${times}`).join(', ')];
}
