/**
 * What a backup costs the one who writes, and what it takes to get one: windows with and without backups in turn, on a large
 * database that is written to all the time. See README.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { snapshot } from '@quackup/core';
import { buildBenchDatabase } from '@quackup/fixtures';
import { z } from 'zod';

import { quantile } from './lib/summary.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '12' },
    rate: { type: 'string', default: '0' },
    /** A database that is there already; it is written to. */
    database: { type: 'string' },
  },
});

const WRITER = fileURLToPath(new URL('child/impact-writer.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../../apps/cli/src/bin.ts', import.meta.url));
const windowSchema = z.object({ latencies: z.array(z.number()), ms: z.number() });

const folder = await mkdtemp(join(tmpdir(), 'quackup-impact-'));
const path = values.database ?? join(folder, 'large.duckdb');
if (values.database === undefined) await buildBenchDatabase(path, { bytes: Number(values.megabytes) * 1e6 });
const engine = createRequire(import.meta.url).resolve('@duckdb/node-api');
const writer = spawn(
  process.execPath,
  ['--disable-warning=ExperimentalWarning', WRITER, path, engine, values.rate],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const lines = createInterface({ input: writer.stdout })[Symbol.asyncIterator]();

async function takeWindow(): Promise<{ latencies: number[]; ms: number }> {
  writer.stdin.write('window\n');
  return windowSchema.parse(JSON.parse(String((await lines.next()).value)));
}

/** Backups one after another until the time is over; the last one is waited for. */
async function backUp(untilMs: number): Promise<number> {
  let made = 0;
  while (performance.now() < untilMs) {
    const child = spawn(process.execPath, ['--max-semi-space-size=2', CLI, 'backup', path, '--quiet'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = (await once(child, 'exit')) as [number];
    if (code !== 0) throw new Error(`a backup ended with ${code}`);
    made += 1;
    await rm(join(folder, 'backups'), { recursive: true, force: true });
  }
  return made;
}

const seconds = Number(values.seconds);
const windows: { readonly kind: string; readonly latencies: number[]; readonly ms: number }[] = [];
const copies: { readonly ms: number; readonly passes: number; readonly ratio: number }[] = [];
try {
  await sleep(3000);
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    await takeWindow();
    await sleep(seconds * 1000);
    windows.push({ kind: 'alone', ...(await takeWindow()) });
    const made = await backUp(performance.now() + seconds * 1000);
    windows.push({ kind: 'with backups', ...(await takeWindow()) });
    const to = join(folder, 'copy.duckdb');
    const at = performance.now();
    const taken = await snapshot(path, { to });
    const ratio = (taken.bytesRead ?? 0) / (taken.files[0]?.sizeBytes ?? 1);
    copies.push({ ms: performance.now() - at, passes: taken.passes, ratio });
    windows.push({ kind: 'with a snapshot', ...(await takeWindow()) });
    for (const file of taken.files) await rm(file.path);
    process.stderr.write(`round ${round}: ${made} backups\n`);
  }
} finally {
  writer.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

process.stdout.write(
  '| writer | commits/s | p50 ms | p99 ms | max ms |\n| --- | ---: | ---: | ---: | ---: |\n',
);
for (const [kind, group] of Map.groupBy(windows, (each) => each.kind)) {
  const latencies = group.flatMap((each) => each.latencies);
  const perSecond = (latencies.length * 1000) / group.reduce((sum, { ms }) => sum + ms, 0);
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(1));
  process.stdout.write(`| ${kind} | ${perSecond.toFixed(0)} | ${p50} | ${p99} | ${max} |\n`);
}
const of = (value: (copy: (typeof copies)[number]) => number, q: number): string =>
  quantile(copies.map(value), q).toFixed(2);
process.stdout.write(
  `\nsnapshots: ${copies.length}; ms p50 ${of((each) => each.ms, 0.5)}, max ${of((each) => each.ms, 1)}; ` +
    `passes max ${of((each) => each.passes, 1)}; bytes read over size: p50 ${of((each) => each.ratio, 0.5)}, max ${of((each) => each.ratio, 1)}\n`,
);
