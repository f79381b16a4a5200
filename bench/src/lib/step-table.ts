/** The table of one step, backup or restore, and what it says against Quackup. Pure. */
import type { ToolRuns } from './copy-rounds.ts';
import type { StepUsage } from './copy-run.ts';
import { type Spread, spread } from './rounds.ts';
import { renderTable } from './table.ts';

export type StepName = 'backup' | 'restore';

interface Measured {
  readonly id: string;
  readonly title: string;
  readonly synced: boolean;
  readonly wall: Spread;
  readonly flush: Spread;
  readonly cpu: Spread;
  readonly peak: Spread;
  readonly stored: Spread;
}

const MIB = 1024 * 1024;

function summarize({ id, title, syncs, runs }: ToolRuns, step: StepName): Measured {
  const of = (figure: (usage: StepUsage) => number): Spread => spread(runs.map((run) => figure(run[step])));
  return {
    id,
    title,
    synced: syncs[step],
    wall: of(({ wallSeconds }) => wallSeconds),
    flush: of(({ flushSeconds }) => flushSeconds),
    cpu: of(({ cpuSeconds }) => cpuSeconds),
    peak: of(({ peakBytes }) => peakBytes / MIB),
    stored: spread(runs.map(({ storedBytes }) => storedBytes / MIB)),
  };
}

/** `4.21 (4.10..4.40)`: the median and, where they differ from it, the extremes. */
export function formatSpread({ median, min, max }: Spread, digits: number): string {
  const [middle, low, high] = [median, min, max].map((value) => value.toFixed(digits));
  return low === high ? `${middle}` : `${middle} (${low}..${high})`;
}

/** A row for each tool: medians with extremes, and the median of the wall time divided by Quackup's. */
export function renderStepTable(tools: readonly ToolRuns[], step: StepName): string[] {
  const measured = tools.map((tool) => summarize(tool, step));
  const own = measured.find(({ id }) => id === 'quackup');
  const columns: readonly (readonly [string, (tool: Measured) => string])[] = [
    ['wall s', ({ wall }) => formatSpread(wall, 2)],
    ['÷ quackup', ({ wall }) => (own === undefined ? '' : (wall.median / own.wall.median).toFixed(2))],
    ['CPU s', ({ cpu }) => formatSpread(cpu, 2)],
    ['peak MiB', ({ peak }) => formatSpread(peak, 0)],
    ['stored MiB', ({ stored }) => formatSpread(stored, 1)],
    ['flush after, s', ({ flush }) => formatSpread(flush, 2)],
    ['syncs itself', ({ synced }) => (synced ? 'yes' : 'no')],
  ];
  const shown = columns.filter(([title]) => step === 'backup' || title !== 'stored MiB');
  return renderTable(
    [{ title: 'tool' }, ...shown.map(([title]) => ({ title, align: 'right' as const }))],
    measured.map((tool) => [tool.title].concat(shown.map(([, cell]) => cell(tool)))),
  );
}

/** In what the other tools are better than Quackup, by the medians: a line for each, `Nothing` included. */
export function renderLosses(tools: readonly ToolRuns[], step: StepName): string[] {
  const measured = tools.map((tool) => summarize(tool, step));
  const own = measured.find(({ id }) => id === 'quackup');
  if (own === undefined) return [];
  const questions: readonly (readonly [string, (tool: Measured) => number])[] = [
    ['Faster than quackup', ({ wall }) => wall.median],
    ['Faster with the flush counted', ({ wall, flush }) => wall.median + flush.median],
    ['Less CPU time', ({ cpu }) => cpu.median],
    ['Less memory', ({ peak }) => peak.median],
    ...(step === 'backup' ? [['Smaller', ({ stored }: Measured) => stored.median] as const] : []),
  ];
  return questions.map(([question, figure]) => {
    const better = measured
      .filter((tool) => tool !== own && figure(tool) < figure(own))
      .toSorted((a, b) => figure(a) - figure(b))
      .map((tool) => `${tool.title} (${(figure(tool) / figure(own)).toFixed(2)} of quackup's)`);
    return `- ${question}: ${better.length === 0 ? 'none' : better.join(', ')}.`;
  });
}
