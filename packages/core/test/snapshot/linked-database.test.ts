/** A database that is reached by a link: its WAL lies beside the file (DuckDB 1.5), or beside the link (before). */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, test } from 'vitest';

import { createBackup, restoreBackup, snapshot } from '../../src/index.ts';
import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

/** So long ago that a database that nobody holds counts as quiet. */
const LONG_AGO = new Date(Date.now() - 60_000);

interface Linked extends Disposable {
  readonly folder: string;
  /** The database itself. */
  readonly real: string;
  /** A link to it, in another folder and of another name. */
  readonly link: string;
}

/** One row is in the file. */
function linked(): Linked {
  const temp = tempFolder();
  const folder = temp.path;
  for (const name of ['real', 'app']) mkdirSync(join(folder, name));
  const real = join(folder, 'real', 'y.duckdb');
  const link = join(folder, 'app', 'x.duckdb');
  runSql(real, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
  symlinkSync('../real/y.duckdb', link);
  return { folder, real, link, [Symbol.dispose]: () => temp[Symbol.dispose]() };
}

/** A second row is in the WAL, which lies where 1.5 puts it. */
function crashed(): Linked {
  const database = linked();
  runSql(database.link, 'INSERT INTO t VALUES (2)');
  expect(existsSync(`${database.real}.wal`)).toBe(true);
  return database;
}

/** How many rows a snapshot of `path` has. */
async function rowsOfCopy(path: string, folder: string): Promise<unknown> {
  const to = join(folder, 'copy.duckdb');
  await snapshot(path, { to });
  return runSql(to, 'SELECT count(*)::INT FROM t')[0]?.[0];
}

/** Freezes it, and calls `meanwhile` when the first block has been copied. */
async function freezeWhile(
  { link }: Linked,
  scratch: ScratchFolder,
  meanwhile: () => void,
): ReturnType<typeof freezeDatabase> {
  let isFirst = true;
  return freezeDatabase(await DatabaseReader.open(link), {
    name: 'x.duckdb',
    scratch,
    waitMs: 2000,
    clone: false,
    onBytes: () => {
      if (isFirst) meanwhile();
      isFirst = false;
    },
  });
}

describe('the WAL of a crash is copied', () => {
  test('if it lies beside the file', async () => {
    using database = crashed();
    expect(await rowsOfCopy(database.link, database.folder)).toBe(2);
  });

  test('if it lies beside the link', async () => {
    using database = crashed();
    renameSync(`${database.real}.wal`, `${database.link}.wal`);
    expect(await rowsOfCopy(database.link, database.folder)).toBe(2);
  });

  test('if it lies beside a link between the two, behind a linked folder', async () => {
    using database = crashed();
    mkdirSync(join(database.folder, 'deep', 'er'), { recursive: true });
    symlinkSync(join(database.folder, 'deep', 'er'), join(database.folder, 'by'));
    symlinkSync('../../app/x.duckdb', join(database.folder, 'deep', 'er', 'z.duckdb'));
    const first = join(database.folder, 'first.duckdb');
    symlinkSync('by/z.duckdb', first);
    renameSync(`${database.real}.wal`, join(database.folder, 'by', 'z.duckdb.wal'));
    expect(await rowsOfCopy(first, database.folder)).toBe(2);
  });

  test('if the name beside the link is a link to the one beside the file', async () => {
    using database = crashed();
    symlinkSync(`${database.real}.wal`, `${database.link}.wal`);
    expect(await rowsOfCopy(database.link, database.folder)).toBe(2);
  });

  test('if it lies beside the link, with a warning if the file was written since', async () => {
    using database = crashed();
    renameSync(`${database.real}.wal`, `${database.link}.wal`);
    const to = (name: string): string => join(database.folder, name);
    expect(await snapshot(database.link, { to: to('first') })).toMatchObject({ warnings: [] });
    utimesSync(database.real, new Date(), new Date());
    utimesSync(`${database.link}.wal`, LONG_AGO, LONG_AGO);
    expect(await snapshot(database.link, { to: to('second') })).toMatchObject({
      warnings: [expect.stringMatching(/^its WAL lies beside the link, .* is older than the file/)],
      files: [{ path: to('second') }, { path: to('second.wal') }],
    });
  });

  test('and what lies beside the link is refused if something lies beside the file as well', async () => {
    using database = crashed();
    writeFileSync(`${database.link}.wal`, 'left by an older version');
    await expect(rowsOfCopy(database.link, database.folder)).rejects.toMatchObject({
      code: 'WAL_IN_DOUBT',
      message: expect.stringContaining(`${database.real}.wal and ${database.link}.wal`) as string,
    });
    rmSync(`${database.link}.wal`);
    expect(await rowsOfCopy(database.link, database.folder)).toBe(2);
  });
});

test.each([false, true])(
  'commits of a process that has it open are backed up (same moment: %s)',
  async (sameMoment) => {
    using database = linked();
    await using _holder = await Holder.open(database.link, 'INSERT INTO t VALUES (2)');
    const target = { name: 'memory', target: new MemoryTarget() };
    const { backup, databases } = await createBackup({
      databases: [{ name: 'x.duckdb', path: database.link }],
      targets: [target],
      sameMoment,
    });
    expect(databases).toMatchObject([{ path: database.link, method: 'hot' }]);
    const restoreDir = join(database.folder, 'restored');
    await restoreBackup(target, backup, { restoreDir });
    expect(runSql(join(restoreDir, 'x.duckdb'), 'SELECT count(*)::INT FROM t')).toEqual([[2]]);
  },
);

describe('what appears at the other place while the database is read', () => {
  test('puts the WAL that was captured in doubt', async () => {
    using database = linked();
    await using _holder = await Holder.open(database.link, 'INSERT INTO t VALUES (2)');
    await using scratch = await ScratchFolder.create(database.folder);
    const freezing = freezeWhile(database, scratch, () => writeFileSync(`${database.link}.wal`, 'a WAL'));
    await expect(freezing).rejects.toMatchObject({ code: 'WAL_IN_DOUBT' });
  });

  test('is a commit that proves the copy if it is a WAL', async () => {
    using database = linked();
    using other = crashed();
    await using _holder = await Holder.open(database.link);
    await using scratch = await ScratchFolder.create(database.folder);
    const freezing = freezeWhile(database, scratch, () =>
      copyFileSync(`${other.real}.wal`, `${database.link}.wal`),
    );
    await using frozen = await freezing;
    expect(frozen).toMatchObject({ passes: 1, files: [{ role: 'database' }] });
  });

  test('is another database if the link was led there', async () => {
    using database = linked();
    await using _holder = await Holder.open(database.link, 'INSERT INTO t VALUES (2)');
    await using scratch = await ScratchFolder.create(database.folder);
    copyFileSync(database.real, join(database.folder, 'other.duckdb'));
    const freezing = freezeWhile(database, scratch, () => {
      rmSync(database.link);
      symlinkSync('../other.duckdb', database.link);
    });
    await expect(freezing).rejects.toMatchObject({ code: 'DATABASE_REPLACED' });
  });

  test.each(['real', 'link'] as const)('shows a checkpoint, beside the %s', async (place) => {
    using database = linked();
    await using _holder = await Holder.open(database.link);
    await using scratch = await ScratchFolder.create(database.folder);
    const freezing = freezeWhile(database, scratch, () =>
      writeFileSync(`${database[place]}.wal.checkpoint`, 'what goes on during a checkpoint'),
    );
    await expect(freezing).rejects.toMatchObject({
      code: 'DATABASE_NOT_AT_REST',
      message: expect.stringContaining('a checkpoint is running') as string,
    });
  });

  test.each(['real', 'link'] as const)('is seen of a database at rest, beside the %s', async (place) => {
    using database = linked();
    utimesSync(database.real, LONG_AGO, LONG_AGO);
    await using scratch = await ScratchFolder.create(database.folder);
    await using opened = await openSnapshot(
      { name: 'x.duckdb', path: database.link },
      { scratch, waitMs: 1000, freeze: false },
    );
    writeFileSync(`${database[place]}.wal.checkpoint`, 'what goes on during a checkpoint');
    await expect(opened.confirm()).rejects.toThrow('a checkpoint is running');
  });
});
