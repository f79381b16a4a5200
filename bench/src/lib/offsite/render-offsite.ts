/** The results as Markdown, with what Quackup loses and which goals it misses. Pure. */
import type { Usage } from '../measure.ts';
import { spread } from '../rounds.ts';
import { formatSpread } from '../step-table.ts';
import { renderTable, type TableColumn } from '../table.ts';
import type { OffsiteResults } from './run-offsite.ts';
import { LIFE, type LifeStep, type OffsiteStep, STEP_TITLES, STEPS } from './steps.ts';

const MIB = 1024 * 1024;

/** No further than this behind rclone with the same bytes. */
const RCLONE_GOAL = 1.1;
/** So much faster than restic. */
const RESTIC_GOAL = 1.5;
/** Peak of resident memory in any step. */
const MEMORY_GOAL_BYTES = 300e6;

const LIFE_TITLES: Readonly<Record<LifeStep, string>> = {
  full: 'full backup',
  incremental: 'backup after 1 % of the rows were updated',
  verify: 'verify --all (level blocks)',
  restore: 'restore of the incremental one',
  cleanup: 'cleanup, one of three backups stays',
};

/** More of other programs than this before it began, and the seconds are not those of a machine at rest. */
const QUIET_LOAD = 0.5;

const wallOf = (runs: readonly Usage[]): number => spread(runs.map(({ wallSeconds }) => wallSeconds)).median;

const right = (title: string): TableColumn => ({ title, align: 'right' });

const cells = (runs: readonly Usage[]): string[] => [
  formatSpread(spread(runs.map(({ wallSeconds }) => wallSeconds)), 2),
  formatSpread(spread(runs.map(({ cpuSeconds }) => cpuSeconds)), 2),
  formatSpread(spread(runs.map(({ peakBytes }) => peakBytes / MIB)), 0),
];

export function renderOffsite(results: OffsiteResults): string[] {
  const { startedAt, machine, versions, missing, databaseBytes, archiveBytes, rounds } = results;
  const gib = (machine.memoryBytes / 2 ** 30).toFixed(1);
  return [
    `Measured on ${startedAt.slice(0, 10)} by \`npm run bench:offsite\`: ${machine.cpu}, ${machine.cores} cores, ${gib} GiB of memory, ${machine.kernel}, ${machine.fileSystem}, Node ${machine.node}. Ceph RGW with a store in memory, on the same cores. Database of ${(databaseBytes / 1e6).toFixed(0)} MB, archive of ${(archiveBytes / 1e6).toFixed(0)} MB; ${rounds} rounds, medians (least..most).`,
    '',
    ...Object.entries(versions).map(([title, version]) => `- ${title}: ${version}`),
    ...missing.map(({ title, reason }) => `- ${title}: **not measured** (${reason})`),
    ...(results.loadBefore > QUIET_LOAD
      ? [
          `- **Not alone**: ${results.loadBefore.toFixed(1)} processes of others wanted the ${machine.cores} cores when it began. Seconds and MB/s are too bad by that, for every tool; CPU seconds and memory are not.`,
        ]
      : []),
    '',
    ...STEPS.flatMap((step) => renderStep(results, step)),
    '#### The life of a backup in the bucket',
    '',
    ...renderTable(
      [{ title: 'step' }, right('wall s'), right('CPU s'), right('peak MiB')],
      LIFE.map((step) => [LIFE_TITLES[step], ...cells(results.life[step])]),
    ),
    '',
    ...renderGoals(results),
  ];
}

function renderStep({ steps, databaseBytes, archiveBytes }: OffsiteResults, step: OffsiteStep): string[] {
  const own = steps[step].find(({ id }) => id === 'quackup');
  const bytes = step === 'send' || step === 'fetch' ? archiveBytes : databaseBytes;
  return [
    `#### ${STEP_TITLES[step]}`,
    '',
    ...renderTable(
      [
        { title: 'tool' },
        right('MB/s'),
        right('÷ quackup'),
        right('wall s'),
        right('CPU s'),
        right('peak MiB'),
      ],
      steps[step].map(({ title, runs }) => [
        title,
        (bytes / 1e6 / wallOf(runs)).toFixed(0),
        own === undefined ? '' : (wallOf(runs) / wallOf(own.runs)).toFixed(2),
        ...cells(runs),
      ]),
    ),
    '',
  ];
}

const line = (goal: string, value: string | undefined, met: boolean): string[] =>
  value === undefined ? [] : [`- ${goal}: ${value}, ${met ? 'met' : '**missed**'}.`];

const times = (value: number | undefined): string | undefined => value?.toFixed(2);

function renderGoals(results: OffsiteResults): string[] {
  const medianOf = (step: OffsiteStep, id: string): number | undefined => {
    const runs = results.steps[step].find((tool) => tool.id === id)?.runs ?? [];
    return runs.length === 0 ? undefined : wallOf(runs);
  };
  const ratio = (step: OffsiteStep, id: string, other: string): number | undefined => {
    const [mine, theirs] = [medianOf(step, id), medianOf(step, other)];
    return mine === undefined || theirs === undefined ? undefined : mine / theirs;
  };
  const [send, fetch] = [ratio('send', 'quackup', 'rclone'), ratio('fetch', 'quackup', 'rclone')];
  const [backup, restore] = [ratio('backup', 'restic', 'quackup'), ratio('restore', 'restic', 'quackup')];
  const peak = Math.max(
    ...STEPS.flatMap((step) => results.steps[step].filter(({ id }) => id === 'quackup')).flatMap(({ runs }) =>
      runs.map(({ peakBytes }) => peakBytes),
    ),
    ...LIFE.flatMap((step) => results.life[step].map(({ peakBytes }) => peakBytes)),
  );
  return [
    ...line(
      `Sending takes at most ${RCLONE_GOAL} times what rclone takes`,
      times(send),
      (send ?? 0) <= RCLONE_GOAL,
    ),
    ...line(
      `Fetching takes at most ${RCLONE_GOAL} times what rclone takes`,
      times(fetch),
      (fetch ?? 0) <= RCLONE_GOAL,
    ),
    ...line(
      `restic's backup takes at least ${RESTIC_GOAL} times as long`,
      times(backup),
      (backup ?? 0) >= RESTIC_GOAL,
    ),
    ...line(
      `restic's restore takes at least ${RESTIC_GOAL} times as long`,
      times(restore),
      (restore ?? 0) >= RESTIC_GOAL,
    ),
    ...line(
      'Less than 300 MB of memory in every step',
      `${(peak / 1e6).toFixed(0)} MB`,
      peak < MEMORY_GOAL_BYTES,
    ),
  ];
}
