/**
 * What a backup costs the one who writes: windows with and without one in turn, on a large database that is written to all
 * the time, at several paces. See README.md.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { snapshot } from '@quackup/core';
import { buildBenchDatabase } from '@quackup/fixtures';

import { measureSlices } from './lib/impact-slices.ts';
import { compareWindows, type Kind, type Measured } from './lib/impact-table.ts';
import { PacedWriter } from './lib/paced-writer.ts';
import { parsePace, type WriterPace } from './lib/protocol.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    paces: { type: 'string', default: 'full,half,200' },
    /** A database that is there already; it is written to. */
    database: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    /** Compare slices of so many milliseconds, between which the work is stopped and goes on, instead of whole windows. */
    slice: { type: 'string' },
  },
});

const SNAPSHOT = fileURLToPath(new URL('child/take-snapshot.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../../apps/cli/src/bin.ts', import.meta.url));
/**
 * What the last one has left behind must not be counted for the next, or the writer is slow when it is alone: blocks that are
 * free again are discarded when ext4 commits, every 5 seconds.
 */
const REST_MS = 7_000;
const SECONDS = Number(values.seconds);

const folder = await mkdtemp(join(values.folder, 'quackup-impact-'));
const path = values.database ?? join(folder, 'large.duckdb');

/** Starts Node.js with a script that works in the folder, as the leader of a process group. */
function startWork(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
}

const startBackup = (): ChildProcess =>
  startWork('--max-semi-space-size=2', CLI, 'backup', path, '--full', '--quiet');

/** Full backups one after another until the time is over; the last one is waited for. */
async function backUp(): Promise<number> {
  const untilMs = performance.now() + SECONDS * 1000;
  let made = 0;
  while (performance.now() < untilMs) {
    const [code] = (await once(startBackup(), 'exit')) as [number];
    if (code !== 0) throw new Error(`a backup ended with ${code}`);
    made += 1;
  }
  return made;
}

async function takeSnapshot(): Promise<number> {
  await snapshot(path, { to: join(folder, 'copy.duckdb') });
  return 1;
}

const WORK: Readonly<Record<Kind, () => Promise<number>>> = {
  alone: async () => {
    await sleep(SECONDS * 1000);
    return 0;
  },
  'with backups': backUp,
  'with a snapshot': takeSnapshot,
};

/** Removes all but the database, and waits until that is forgotten. */
async function cleanUp(): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!join(folder, name).startsWith(path)) await rm(join(folder, name), { recursive: true, force: true });
  }
  await sleep(REST_MS);
}

async function measure(writer: PacedWriter, kind: Kind): Promise<Measured> {
  await writer.window();
  const made = await WORK[kind]();
  const measured = { kind, made, ...(await writer.window()) };
  if (kind === 'alone') return measured;
  // Outside of the window: to delete gigabytes has a price too, and the one who writes pays it later.
  await cleanUp();
  return measured;
}

async function windows(writer: PacedWriter, pace: WriterPace): Promise<string> {
  const measured: Measured[] = [await measure(writer, 'alone')];
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    // Each between two windows without: the writer's speed drifts, by the disk and by its own growth.
    for (const kind of ['with backups', 'alone', 'with a snapshot', 'alone'] as const) {
      measured.push(await measure(writer, kind));
    }
    process.stderr.write(`${pace}: round ${round}\n`);
  }
  return compareWindows(measured);
}

async function slices(writer: PacedWriter, sliceMs: number): Promise<string[]> {
  const common = { sliceMs, forMs: SECONDS * 1000, cleanUp };
  const to = join(folder, 'copy');
  const startSnapshot = (): ChildProcess => startWork(SNAPSHOT, path, to);
  return [
    compareWindows(await measureSlices(writer, { ...common, kind: 'with backups', start: startBackup })),
    compareWindows(await measureSlices(writer, { ...common, kind: 'with a snapshot', start: startSnapshot })),
  ];
}

try {
  if (values.database === undefined) {
    await buildBenchDatabase(path, { bytes: Number(values.megabytes) * 1e6 });
  }
  for (const pace of values.paces.split(',').map(parsePace)) {
    await using writer = new PacedWriter({ path, pace });
    await writer.window();
    await sleep(REST_MS);
    const tables =
      values.slice === undefined ? [await windows(writer, pace)] : await slices(writer, Number(values.slice));
    process.stdout.write(`${pace}\n\n${tables.join('\n')}\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
