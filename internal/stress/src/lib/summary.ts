/** One attempt to copy. */
export interface Attempt {
  readonly engine: string;
  readonly storage: string;
  readonly scenario: string;
  readonly outcome: 'good' | 'bad' | 'given up';
  /** What was wrong, or why it was given up. */
  readonly wrong: readonly string[];
  readonly ms: number;
  readonly passes: number;
  readonly readRatio: number;
}

/** The value below which a share `q` of the values lies; 0 for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** A table in Markdown, a line for each engine, storage version and scenario, and one for all. */
export function summarize(attempts: readonly Attempt[]): string[] {
  const groups = Map.groupBy(
    attempts,
    ({ engine, storage, scenario }) => `${engine} | ${storage} | ${scenario}`,
  );
  const line = (name: string, group: readonly Attempt[]): string => {
    const accepted = group.filter(({ outcome }) => outcome !== 'given up');
    const of = (value: (attempt: Attempt) => number, q: number): number => quantile(accepted.map(value), q);
    const ms = [0.5, 0.95, 1].map((q) => Math.round(of((each) => each.ms, q))).join(' / ');
    const passes = [0.5, 0.95, 1].map((q) => of((each) => each.passes, q)).join(' / ');
    const bad = accepted.filter(({ outcome }) => outcome === 'bad').length;
    const read = of((each) => each.readRatio, 0.5).toFixed(2);
    return `| ${name} | ${accepted.length} | ${bad} | ${group.length - accepted.length} | ${ms} | ${passes} | ${read} |`;
  };
  return [
    '| engine | storage | scenario | accepted | bad | given up | ms: p50 / p95 / max | passes: p50 / p95 / max | read: p50 |',
    '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...[...groups].map(([name, group]) => line(name, group)),
    line('all | | ', attempts),
  ];
}
