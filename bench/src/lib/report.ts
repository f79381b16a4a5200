/** The results as Markdown: where, with what, the tables, and which goals were missed. Pure. */
import type { BenchResults } from './results.ts';
import { spread } from './rounds.ts';
import type { StartUp } from './start-up.ts';
import { formatSpread, renderLosses, renderStepTable, type StepName } from './step-table.ts';
import { renderTable } from './table.ts';

export function renderReport(results: BenchResults): string[] {
  return [
    ...renderCircumstances(results),
    ...(['backup', 'restore'] as const).flatMap((step) => renderStep(results, step)),
    ...renderStartUp(results.startUp),
  ];
}

function renderCircumstances(results: BenchResults): string[] {
  const { startedAt, machine, quackup, versions, missing, database, rounds } = results;
  const gib = (machine.memoryBytes / 2 ** 30).toFixed(1);
  return [
    `Measured on ${startedAt.slice(0, 10)}.`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${gib} GiB of memory, ${machine.kernel}, ${machine.fileSystem}, Node ${machine.node}.`,
    `- Quackup: ${quackup.kind === 'built' ? 'built, as it is published' : `from its sources, not built (${quackup.reason ?? 'no reason known'})`}.`,
    ...(database === undefined
      ? []
      : [
          `- Database: ${(database.bytes / 1e6).toFixed(1)} MB, ${(database.freeBytes / 1e6).toFixed(1)} MB of it in free blocks; ${database.flights.toLocaleString('en')} flights.`,
          `- Rounds: ${rounds}. Figures are medians (least..most).`,
        ]),
    ...Object.entries(versions).map(([title, version]) => `- ${title}: ${version}`.replaceAll('|', '\\|')),
    ...missing.map(({ title, reason }) => `- ${title}: **not measured** (${reason})`.replaceAll('|', '\\|')),
    '',
  ];
}

const STEP_TITLES: Readonly<Record<StepName, string>> = {
  backup: 'First full backup',
  restore: 'Restore of that backup',
};

function renderStep({ tools, shown }: BenchResults, step: StepName): string[] {
  if (!shown[step] || tools.length === 0) return [];
  return [
    `### ${STEP_TITLES[step]}`,
    '',
    ...renderStepTable(tools, step),
    '',
    ...renderLosses(tools, step).map((line) => line.replaceAll('|', '\\|')),
    '',
  ];
}

function renderStartUp(startUp: readonly StartUp[]): string[] {
  if (startUp.length === 0) return [];
  const rows = startUp.map(({ title, goalMs, runsMs }) => {
    const time = spread(runsMs);
    const goal = goalMs === undefined ? ['', ''] : [`${goalMs}`, time.median < goalMs ? 'met' : '**missed**'];
    return [title, formatSpread(time, 0), ...goal];
  });
  return [
    '### Start-up',
    '',
    ...renderTable(
      [
        { title: 'command' },
        { title: 'wall ms', align: 'right' },
        { title: 'goal ms', align: 'right' },
        { title: 'goal' },
      ],
      rows,
    ),
    '',
  ];
}
