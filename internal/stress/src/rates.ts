/**
 * How long it takes to get a copy, how many passes and how much reading, by how fast the database is written and
 * checkpointed. See README.md.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { snapshot, type TakenSnapshot } from '@quackup/core';
import { DatabaseReader } from '@quackup/core/internal';
import { buildBenchDatabase } from '@quackup/fixtures';

import { markdownTable, spread } from './lib/markdown.ts';
import { PacedWriter } from './lib/paced-writer.ts';
import { parsePace, type WriterPace } from './lib/protocol.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    copies: { type: 'string', default: '8' },
    paces: { type: 'string', default: '1,10,100,full' },
    thresholds: { type: 'string', default: '16MB,1MB,100KB' },
    /** Seconds after which a copy is given up. */
    wait: { type: 'string', default: '30' },
    /** A database that is there already; it is written to. */
    database: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});

/** Copies that were taken under one load. */
interface Load {
  readonly pace: WriterPace;
  readonly threshold: string;
  readonly copies: readonly { readonly ms: number; readonly taken: TakenSnapshot }[];
  readonly givenUp: number;
  readonly commitsPerSecond: number;
  readonly checkpointsPerSecond: number;
}

async function iteration(path: string): Promise<number> {
  await using reader = await DatabaseReader.open(path);
  const { layout } = await reader.readHead();
  if (layout.kind !== 'clear') throw new Error(`${path} is encrypted`);
  return Number(layout.active.iteration);
}

/** @returns undefined if it did not come to rest in time. */
async function takeSnapshot(path: string, to: string): Promise<TakenSnapshot | undefined> {
  try {
    return await snapshot(path, { to, waitMs: Number(values.wait) * 1000 });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'DATABASE_NOT_AT_REST') return undefined;
    throw error;
  }
}

async function measure(path: string, folder: string, pace: WriterPace, threshold: string): Promise<Load> {
  await using writer = new PacedWriter({ path, pace, threshold });
  await writer.window();
  await sleep(1000);
  await writer.window();
  const before = await iteration(path);
  const copies: { ms: number; taken: TakenSnapshot }[] = [];
  for (let n = 0; n < Number(values.copies); n += 1) {
    const startMs = performance.now();
    const taken = await takeSnapshot(path, join(folder, 'copy.duckdb'));
    if (taken !== undefined) copies.push({ ms: performance.now() - startMs, taken });
    for (const file of taken?.files ?? []) await rm(file.path);
  }
  const { latencies, ms } = await writer.window();
  return {
    pace,
    threshold,
    copies,
    givenUp: Number(values.copies) - copies.length,
    commitsPerSecond: (latencies.length * 1000) / ms,
    checkpointsPerSecond: (((await iteration(path)) - before) * 1000) / ms,
  };
}

const folder = await mkdtemp(join(values.folder, 'quackup-rates-'));
const path = values.database ?? join(folder, 'large.duckdb');
const loads: Load[] = [];
try {
  if (values.database === undefined) {
    await buildBenchDatabase(path, { bytes: Number(values.megabytes) * 1e6 });
  }
  for (const threshold of values.thresholds.split(',')) {
    for (const pace of values.paces.split(',').map(parsePace)) {
      loads.push(await measure(path, folder, pace, threshold));
      process.stderr.write(`${pace} at ${threshold}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const readRatio = ({ bytesRead = 0, files }: TakenSnapshot): number => bytesRead / (files[0]?.sizeBytes ?? 1);
process.stdout.write(
  markdownTable(
    [
      'threshold',
      'commits/s',
      'checkpoints/s',
      'copies',
      'given up',
      'ms: p50 / p95 / max',
      'passes: p50 / p95 / max',
      'bytes read ÷ size: p50 / p95 / max',
    ],
    loads.map(({ threshold, copies, givenUp, commitsPerSecond, checkpointsPerSecond }) => [
      threshold,
      commitsPerSecond.toFixed(0),
      checkpointsPerSecond.toFixed(2),
      String(copies.length),
      String(givenUp),
      spread(copies.map(({ ms }) => ms)),
      spread(copies.map(({ taken }) => taken.passes)),
      spread(
        copies.map(({ taken }) => readRatio(taken)),
        2,
      ),
    ]),
  ),
);
