// `npm run bench:offsite`: see README.md.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { renderOffsite } from './lib/offsite/render-offsite.ts';
import { runOffsite } from './lib/offsite/run-offsite.ts';
import { parseOptions, UsageError } from './lib/options.ts';
import { OFFSITE, replaceSection } from './lib/replace-section.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

const USAGE = `usage: npm run bench:offsite -- [--bytes SIZE (default 1100MB)] [--rounds N (default 3)]
       [--dir FOLDER] [--json FILE] [--write]
`;

/** Only these: the others of the benchmarks mean nothing here, and must not be taken without a word. */
function checkNames(args: readonly string[]): void {
  const text = { type: 'string' } as const;
  const known = { bytes: text, rounds: text, dir: text, json: text, write: { type: 'boolean' } as const };
  try {
    parseArgs({ args: [...args], options: known });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit();
  }
  checkNames(args);
  const { bytes, rounds, dir, json, write } = parseOptions(['--rounds', '3', ...args], process.cwd());
  const results = await runOffsite(
    { bytes, rounds, dir },
    {
      signal: interruption.signal,
      now: new Date(),
      say: (line) => process.stderr.write(`${line}\n`),
    },
  );
  const lines = renderOffsite(results);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(results, null, 2)}\n`);
  if (write) {
    const readme = fileURLToPath(new URL('../README.md', import.meta.url));
    await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), lines, OFFSITE));
  }
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    error instanceof UsageError ? `${message}\n\n${USAGE}` : `the benchmark failed: ${message}\n`,
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
