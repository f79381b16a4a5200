// `npm run bench`: see README.md. The only file here that touches the process.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { parseOptions, USAGE, UsageError } from './lib/options.ts';
import { replaceSection } from './lib/replace-section.ts';
import { renderReport } from './lib/report.ts';
import { runBench } from './lib/run-bench.ts';

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)));
}

try {
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    process.exit();
  }
  const options = parseOptions(process.argv.slice(2), process.cwd());
  const results = await runBench(options, {
    signal: interruption.signal,
    now: new Date(),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  const lines = renderReport(results);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  if (options.write) {
    const readme = fileURLToPath(new URL('../README.md', import.meta.url));
    await writeFile(readme, replaceSection(await readFile(readme, 'utf8'), lines));
  }
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}`);
  else
    process.stderr.write(`the benchmark failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
