// `npm run bench:growth`: see README.md. Time and memory of Quackup alone at growing sizes.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { renderPlot } from './lib/growth/plot.ts';
import { type FurtherBackup, runIncremental } from './lib/incremental/run-incremental.ts';
import { parseOptions } from './lib/options.ts';
import { GROWTH, replaceSection } from './lib/replace-section.ts';
import { renderTable } from './lib/table.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

/** Gigabytes. */
const SIZES = [0.5, 1, 2, 4, 8];

interface Size {
  readonly gigabytes: number;
  readonly first: FurtherBackup;
  readonly unchanged: FurtherBackup;
  readonly appended: FurtherBackup;
}

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(
    'usage: npm run bench:growth -- [--bytes LARGEST (default 8GB)] [--dir FOLDER] [--json FILE] [--write]\n',
  );
  process.exit();
}
const { bytes: largest, dir, json, write } = parseOptions(['--bytes', '8GB', ...args], process.cwd());
const sizes: Size[] = [];
for (const wanted of SIZES) {
  // A smaller largest size scales all of them down: for a quick look.
  const bytes = Math.round((wanted / 8) * largest);
  const { tools, databaseBytes } = await runIncremental(
    { bytes, rounds: 1, dir, tools: new Set(['quackup']) },
    {
      signal: interruption.signal,
      now: new Date(),
      say: (line) => process.stderr.write(`${wanted}/8: ${line}\n`),
    },
  );
  const [quackup] = tools;
  const [unchanged] = quackup?.further.touched ?? [];
  const [appended] = quackup?.further.appended ?? [];
  if (quackup === undefined || unchanged === undefined || appended === undefined)
    throw new Error('nothing was measured');
  sizes.push({ gigabytes: databaseBytes / 1e9, first: quackup.first, unchanged, appended });
}
const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const cells = ({ wallSeconds, peakBytes }: FurtherBackup): string[] => [
  wallSeconds.toFixed(2),
  (peakBytes / 2 ** 20).toFixed(0),
];
const lines = [
  `Measured on ${new Date().toISOString().slice(0, 10)} by \`npm run bench:growth\`, one run each. Seconds, and peak memory in MiB.`,
  '',
  ...renderTable(
    ['GB', 'first backup s', 'MiB', 'nothing changed s', 'MiB', '1 % appended s', 'MiB'].map((title) => ({
      title,
      align: 'right',
    })),
    sizes.map(({ gigabytes, first, unchanged, appended }) => [
      gigabytes.toFixed(2),
      ...cells(first),
      ...cells(unchanged),
      ...cells(appended),
    ]),
  ),
  '',
  '![Time against size](growth-time.svg)',
  '',
  '![Memory against size](growth-memory.svg)',
];
process.stdout.write(`${lines.join('\n')}\n`);
if (json !== undefined) await writeFile(json, `${JSON.stringify(sizes, null, 2)}\n`);
if (write) {
  const kinds = [
    ['first backup', 'first'],
    ['nothing changed', 'unchanged'],
    ['1 % appended', 'appended'],
  ] as const;
  const plot = (title: string, yTitle: string, value: (backup: FurtherBackup) => number): string =>
    renderPlot({
      title,
      xTitle: 'database, GB',
      yTitle,
      lines: kinds.map(([name, kind]) => ({
        title: name,
        points: sizes.map((size) => ({ x: size.gigabytes, y: value(size[kind]) })),
      })),
    });
  await writeFile(
    file('growth-time.svg'),
    plot('Time of a backup', 'seconds', ({ wallSeconds }) => wallSeconds),
  );
  await writeFile(
    file('growth-memory.svg'),
    plot('Peak memory of a backup', 'MiB', ({ peakBytes }) => peakBytes / 2 ** 20),
  );
  const readme = file('README.md');
  await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), lines, GROWTH));
}
