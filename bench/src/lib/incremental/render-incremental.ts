/** The results as Markdown. Pure. */
import type { Usage } from '../measure.ts';
import { spread } from '../rounds.ts';
import { formatSpread } from '../step-table.ts';
import { renderTable } from '../table.ts';
import { CHANGE_TITLES, CHANGES } from './changes.ts';
import type { FurtherBackup, IncrementalResults } from './run-incremental.ts';

const seconds = (usages: readonly Usage[]): string =>
  formatSpread(spread(usages.map(({ wallSeconds }) => wallSeconds)), 2);

const middle = (values: readonly number[]): number => spread(values).median;

export function renderIncremental(results: IncrementalResults): string[] {
  const { startedAt, machine, versions, missing, databaseBytes, rounds, tools } = results;
  const gib = (machine.memoryBytes / 2 ** 30).toFixed(1);
  return [
    `Measured on ${startedAt.slice(0, 10)} by \`npm run bench:incremental\`: ${machine.cpu}, ${machine.cores} cores, ${gib} GiB of memory, ${machine.kernel}, ${machine.fileSystem}, Node ${machine.node}. Database of ${(databaseBytes / 1e6).toFixed(0)} MB; ${rounds} rounds, medians (least..most).`,
    '',
    ...Object.entries(versions).map(([title, version]) => `- ${title}: ${version}`),
    ...missing.map(({ title, reason }) => `- ${title}: **not measured** (${reason})`),
    '',
    ...renderTools(
      'The first backup',
      tools.map(({ title, first }) => ({ title, runs: [first] })),
    ),
    ...CHANGES.flatMap((change) =>
      renderTools(
        `A further backup: ${CHANGE_TITLES[change]}`,
        tools.map(({ title, further }) => ({ title, runs: further[change] })),
      ),
    ),
    ...renderScan(results),
    ...renderRestores(results),
  ];
}

function renderTools(
  title: string,
  tools: readonly { readonly title: string; readonly runs: readonly FurtherBackup[] }[],
): string[] {
  const own = tools.find((tool) => tool.title === 'quackup');
  const ownSeconds = own === undefined ? undefined : middle(own.runs.map(({ wallSeconds }) => wallSeconds));
  return [
    `### ${title}`,
    '',
    ...renderTable(
      [
        { title: 'tool' },
        { title: 'wall s', align: 'right' },
        { title: '÷ quackup', align: 'right' },
        { title: 'CPU s', align: 'right' },
        { title: 'peak MiB', align: 'right' },
        { title: 'added MB', align: 'right' },
      ],
      tools.map(({ title: name, runs }) => [
        name,
        seconds(runs),
        ownSeconds === undefined
          ? ''
          : (middle(runs.map(({ wallSeconds }) => wallSeconds)) / ownSeconds).toFixed(2),
        middle(runs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1),
        (Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 2 ** 20).toFixed(0),
        (middle(runs.map(({ addedBytes }) => addedBytes)) / 1e6).toFixed(1),
      ]),
    ),
    '',
  ];
}

function renderScan({ tools, hashing, databaseBytes }: IncrementalResults): string[] {
  const own = tools.find(({ id }) => id === 'quackup');
  if (own === undefined || hashing.length === 0) return [];
  const scan = middle(own.further.touched.map(({ wallSeconds }) => wallSeconds));
  const hash = middle(hashing.map(({ wallSeconds }) => wallSeconds));
  const rate = (time: number): string => (databaseBytes / 1e6 / time).toFixed(0);
  return [
    '### How fast unchanged data are gone through',
    '',
    `Quackup: ${rate(scan)} MB/s (start of the program included). \`sha256sum\` of both halves of the file at once: ${rate(hash)} MB/s. That is ${((100 * hash) / scan).toFixed(0)} %.`,
    '',
  ];
}

function renderRestores({ restores: { incremental, full } }: IncrementalResults): string[] {
  if (incremental.length === 0) return [];
  const ratio =
    middle(incremental.map(({ wallSeconds }) => wallSeconds)) /
    middle(full.map(({ wallSeconds }) => wallSeconds));
  return [
    '### Restore',
    '',
    `Of the last incremental backup, whose blocks lie in several archives: ${seconds(incremental)} s. Of a full one of the same state: ${seconds(full)} s. That is ${ratio.toFixed(2)} times as long.`,
    '',
  ];
}
