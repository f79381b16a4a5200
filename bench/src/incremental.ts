// `npm run bench:incremental`: see README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { renderIncremental } from './lib/incremental/render-incremental.ts';
import { runIncremental } from './lib/incremental/run-incremental.ts';
import { parseOptions, UsageError } from './lib/options.ts';
import { INCREMENTAL, replaceSection } from './lib/replace-section.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

const USAGE = `usage: npm run bench:incremental -- [--bytes SIZE (default 4GB)] [--rounds N (default 3)]
       [--tools quackup,restic,borg] [--dir FOLDER] [--json FILE] [--write]
`;

try {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit();
  }
  const { bytes, rounds, dir, tools, json, write } = parseOptions(
    ['--bytes', '4GB', '--rounds', '3', ...process.argv.slice(2)],
    process.cwd(),
  );
  const results = await runIncremental(
    { bytes, rounds, dir, tools },
    {
      signal: interruption.signal,
      now: new Date(),
      say: (line) => process.stderr.write(`${line}\n`),
    },
  );
  const lines = renderIncremental(results);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  if (write) {
    const readme = fileURLToPath(new URL('../README.md', import.meta.url));
    await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), lines, INCREMENTAL));
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    error instanceof UsageError ? `${message}\n\n${USAGE}` : `the benchmark failed: ${message}\n`,
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
