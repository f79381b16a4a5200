// `npm run bench:simulate`: see README.md. Sixty days of a database that changes by about 1 % a day, kept by each tool.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { renderPlot } from './lib/growth/plot.ts';
import { parseOptions } from './lib/options.ts';
import { replaceSection, SIMULATION } from './lib/replace-section.ts';
import { renderSimulation } from './lib/simulation/render-simulation.ts';
import { simulate } from './lib/simulation/simulate.ts';

const args = process.argv.slice(2);
if (args.includes('--help')) {
  process.stdout.write(
    'usage: npm run bench:simulate -- [--bytes SIZE (default 100MB)] [--dir FOLDER] [--json FILE] [--write]\n',
  );
  process.exit();
}
const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}
const { bytes, dir, json, write } = parseOptions(['--bytes', '100MB', ...args], process.cwd());
await mkdir(dir, { recursive: true });
const result = await simulate({
  bytes,
  dir,
  signal: interruption.signal,
  say: (line) => process.stderr.write(`${line}\n`),
});
const lines = renderSimulation(result, new Date());
process.stdout.write(`${lines.join('\n')}\n`);
if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
if (write) {
  const names = ['quackup', 'restic', 'borg', 'tarGz'] as const;
  await writeFile(
    file('simulation.svg'),
    renderPlot({
      title: 'Bytes stored over sixty days',
      xTitle: 'day',
      yTitle: 'MB',
      lines: names.map((name) => ({
        title: { quackup: 'quackup', restic: 'restic', borg: 'borg', tarGz: 'full tar.gz' }[name],
        points: result.days.map((day) => ({ x: day.day, y: day[name] / 1e6 })),
      })),
    }),
  );
  const readme = file('README.md');
  await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), lines, SIMULATION));
}
