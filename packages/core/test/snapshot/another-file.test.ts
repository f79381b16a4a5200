import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { openSnapshot, openSnapshotsTogether } from '../../src/lib/snapshot/open-snapshot.ts';
import { RULES, type Rules } from '../../src/lib/snapshot/rules.ts';
import type { Snapshot } from '../../src/lib/snapshot/snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Actor } from './actor.ts';
import { afterLastBlock } from './between-passes.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const insert = (value: number): string => `INSERT INTO t SELECT ${value} FROM range(100)`;

describe('a file that takes the place of the database before the first pass is not mixed with it', () => {
  test.each(['alone', 'at the same moment as others'])('%s', async (how) => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    const next = join(folder.path, 'next.duckdb');
    for (const [place, each] of [path, next].entries()) {
      runSql(each, 'CREATE TABLE t (i INTEGER)', insert(place), 'CHECKPOINT');
    }
    const first = await Actor.open(path);
    await first.sql(insert(0));
    await using later = new AsyncDisposableStack();
    await using scratch = await ScratchFolder.create(folder.path);
    let isReplaced = false;
    const options = {
      scratch,
      waitMs: 20_000,
      freeze: false,
      // It is open by then, and nothing of it has been read.
      onInUse: async (): Promise<void> => {
        if (isReplaced) return;
        isReplaced = true;
        await first[Symbol.asyncDispose]();
        rmSync(`${path}.wal`);
        renameSync(next, path);
        const second = later.use(await Actor.open(path));
        await second.sql(insert(1));
      },
    };
    const replaced = { code: 'DATABASE_REPLACED' };
    if (how === 'alone') {
      await expect(openSnapshot({ name: 'a', path }, options)).rejects.toMatchObject(replaced);
    } else {
      const { snapshots, failed } = await openSnapshotsTogether([{ name: 'a', path }], options);
      expect([...snapshots.keys()]).toEqual([]);
      expect(failed.get('a')).toMatchObject(replaced);
    }
  });

  test('nor one that takes it while the blocks are copied, with a head and a WAL that fit', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t (i INTEGER)', insert(0), 'CHECKPOINT', insert(1));
    const before = readFileSync(path);
    const holder = await Actor.open(path);
    await holder.sql(insert(2));
    afterLastBlock(async () => {
      // As a restore does that is careful with what is there: the WAL stays where it is.
      writeFileSync(`${path}.new`, before);
      renameSync(`${path}.new`, path);
    });
    await using scratch = await ScratchFolder.create(folder.path);
    const reader = await DatabaseReader.open(path);
    await expect(
      freezeDatabase(reader, { name: 'a', scratch, waitMs: 20_000, clone: false }),
    ).rejects.toMatchObject({ code: 'DATABASE_REPLACED' });
    await holder[Symbol.asyncDispose]();
  });
});

const ROWS = 400_000;
const build = (number: number): readonly string[] => [
  `CREATE TABLE t AS SELECT hash(i * 1000 + ${number}) AS h, ${number} AS build FROM range(${ROWS}) r(i)`,
  'CHECKPOINT',
];
const ofBuild = (number: number): string =>
  `SELECT count(*)::INTEGER, bit_xor(h) = (SELECT bit_xor(hash(i * 1000 + ${number})) FROM range(${ROWS}) r(i)),
     min(build), max(build) FROM t`;

interface InPlace {
  readonly rules?: Rules;
  /** What is done to the next build, so that its head is the one of the first, or one further. */
  readonly more?: readonly string[];
  /** Somebody has the database open again before the next pass begins. */
  readonly reopens?: boolean;
  /** Nobody can be seen who has it open, before or after: as what is in another container. */
  readonly unseen?: boolean;
}

/** Copies a database that is overwritten in place (cp) by its next build when the first pass has read everything. */
async function copyOverwritten(
  folder: string,
  { rules = RULES, more = [], reopens, unseen }: InPlace,
): Promise<Snapshot> {
  const path = join(folder, 'a.duckdb');
  const next = join(folder, 'next.duckdb');
  runSql(path, ...build(1));
  runSql(next, ...build(2), ...more);
  const first = unseen === true ? undefined : await Actor.open(path);
  await using later = new AsyncDisposableStack();
  afterLastBlock(async () => {
    await first?.[Symbol.asyncDispose]();
    writeFileSync(path, readFileSync(next));
    if (reopens === true) later.use(await Actor.open(path));
  });
  const scratch = await ScratchFolder.create(folder);
  const options = { name: 'a', scratch, waitMs: 20_000, clone: false, rules };
  return await freezeDatabase(await DatabaseReader.open(path), options);
}

const ANOTHER_TABLE = ['CREATE TABLE u (i INTEGER)', 'CHECKPOINT'];

describe('a database that is overwritten in place between two passes is copied as it is then', () => {
  test.each<readonly [string, InPlace]>([
    ['under the same head', {}],
    ['under a head that seems to follow', { more: ANOTHER_TABLE }],
    ['and open again', { reopens: true }],
    ['by somebody who cannot be seen', { unseen: true, more: ANOTHER_TABLE }],
  ])('%s', async (_, how) => {
    using folder = tempFolder();
    await using snapshot = await copyOverwritten(folder.path, how);
    const to = join(folder.path, 'copy.duckdb');
    await writeSnapshot(snapshot, to);
    expect(runSql(to, ofBuild(2))).toEqual([[ROWS, true, 2, 2]]);
  });
});

// Only Linux tells for certain who has a lock.
test.runIf(process.platform === 'linux')(
  'a pass in which others take the database over is not accepted, and what stayed is not copied again',
  async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, ...build(1));
    const first = await Actor.open(path);
    await using later = new AsyncDisposableStack();
    const reads = afterLastBlock(async () => {
      await first[Symbol.asyncDispose]();
      later.use(await Actor.open(path));
    });
    const scratch = await ScratchFolder.create(folder.path);
    const reader = await DatabaseReader.open(path);
    const used = (await reader.readHeadAndBlocks()).blocks.use?.usedCount ?? 0;
    await using snapshot = await freezeDatabase(reader, { name: 'a', scratch, waitMs: 20_000, clone: false });
    expect(snapshot.passes).toBe(2);
    expect(reads()).toBeLessThan(used * 1.5);
  },
);
