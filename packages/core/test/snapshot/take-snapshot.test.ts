import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';

import { snapshot } from '../../src/index.ts';
import { makeDatabase, runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

const isLinux = process.platform === 'linux';

/** Lines of /proc/locks for a file: who holds a lock on it. */
function locksOn(path: string): string[] {
  const { ino } = statSync(path);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${ino} `))
    .map((line) => line.replace(/^\d+: /, ''));
}

test('a database that nobody has open is copied with its WAL', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'my data.duckdb');
  makeDatabase(path);
  const to = join(folder.path, 'copy.duckdb');
  const taken = await snapshot(`${path}.small`, { to });
  expect(taken).toMatchObject({ to, method: 'at-rest', warnings: [] });
  expect(taken.files.map((file) => file.path)).toEqual([to, `${to}.wal`]);
  expect(runSql(to, 'SELECT count(*)::INT FROM t', 'SELECT count(*)::INT FROM t')).toEqual([[12_001]]);
  expect(
    readdirSync(folder.path).filter((name) => name.includes('partial') || name.startsWith('quackup-')),
  ).toEqual([]);
});

test.runIf(isLinux)('a process that has the database open keeps its lock and its threshold', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'open.duckdb');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    await connection.run('CREATE TABLE t AS SELECT range AS i FROM range(50000)');
    await connection.run("SET checkpoint_threshold = '7.0 MiB'");
    const before = locksOn(path);
    expect(before).toHaveLength(1);
    expect(before[0]).toContain(`WRITE ${process.pid} `);

    const during: string[][] = [];
    const timer = setInterval(() => during.push(locksOn(path)), 5);
    const to = join(folder.path, 'copy.duckdb');
    const taken = await snapshot(path, { to, connection });
    clearInterval(timer);

    expect(taken.method).toBe('hot');
    expect(during.length).toBeGreaterThan(5);
    for (const locks of [...during, locksOn(path)]) expect(locks).toEqual(before);
    const [[threshold] = []] = (
      await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')")
    ).getRowsJson();
    expect(threshold).toBe('7.0 MiB');
    expect(runSql(to, 'SELECT count(*)::INT FROM t')).toEqual([[50_000]]);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});

const MEMORY = '/dev/shm';

test.runIf(isLinux).each([
  ['moved to its place', undefined],
  ['written once more from another disk', MEMORY],
])('the copy of a database in use is %s, and nothing else is left', async (_, elsewhere) => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  await using _holder = await Holder.open(
    path,
    'CREATE TABLE t AS SELECT i, hash(i) AS h, md5(i::VARCHAR) AS s FROM range(600000) r(i)',
    'CHECKPOINT',
    'DELETE FROM t WHERE i < 300000',
    'CHECKPOINT',
    'INSERT INTO t VALUES (-1, 0, NULL)',
  );
  const to = join(folder.path, 'copy.duckdb');
  const tempDir = elsewhere === undefined ? folder.path : mkdtempSync(join(elsewhere, 'quackup-test-'));
  try {
    const taken = await snapshot(path, { to, tempDir });
    expect(taken).toMatchObject({ method: 'hot', files: [{ path: to }, { path: `${to}.wal` }] });
    for (const file of taken.files) expect(statSync(file.path)).toMatchObject({ size: file.sizeBytes });
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toHaveLength(4);
    expect(readdirSync(tempDir).filter((name) => name.startsWith('quackup-'))).toEqual([]);
    const expected = '(SELECT bit_xor(hash(i)) FROM range(300000, 600000) r(i))';
    expect(runSql(to, `SELECT count(*)::INT, bit_xor(h) = ${expected} FROM t`)).toEqual([[300_001, true]]);
  } finally {
    if (elsewhere !== undefined) rmSync(tempDir, { recursive: true });
  }
});

test('checkpoints are let go on also if the snapshot fails', async () => {
  using folder = tempFolder();
  const instance = await DuckDBInstance.create(join(folder.path, 'open.duckdb'));
  const connection = await instance.connect();
  try {
    const missing = join(folder.path, 'missing.duckdb');
    const options = { to: join(folder.path, 'copy.duckdb'), connection };
    await expect(snapshot(missing, options)).rejects.toMatchObject({ code: 'DATABASE_NOT_FOUND' });
    const [[threshold] = []] = (
      await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')")
    ).getRowsJson();
    expect(threshold).toBe('16.0 MiB');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});

test('checkpoints are let go on when the last of several snapshots has ended, called off or not', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'open.duckdb');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const threshold = async (): Promise<unknown> =>
    (await connection.runAndReadAll("SELECT current_setting('checkpoint_threshold')")).getRowsJson()[0]?.[0];
  try {
    await connection.run("SET checkpoint_threshold = '7.0 MiB'");
    const calledOff = new AbortController();
    const to = (name: string): string => join(folder.path, name);
    const first = snapshot(path, { to: to('first'), connection, signal: calledOff.signal });
    const second = snapshot(path, { to: to('second'), connection });
    while ((await threshold()) === '7.0 MiB');
    calledOff.abort();
    await expect(first).rejects.toThrow('abort');
    await second;
    expect(await threshold()).toBe('7.0 MiB');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});

test.each(['', '.wal', '.wal.checkpoint', '.wal.recovery'])(
  'nothing is written if something is in the way at copy%s',
  async (ending) => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
    const to = join(folder.path, 'copy');
    runSql(`${to}${ending}`, 'CREATE TABLE other AS SELECT 2 AS i', 'CHECKPOINT');
    const before = readdirSync(folder.path);
    await expect(snapshot(path, { to })).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
    expect(readdirSync(folder.path)).toEqual(before);
  },
);

test('a snapshot that is called off leaves nothing', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT range AS i FROM range(1000)', 'CHECKPOINT');
  const before = readdirSync(folder.path);
  const signal = AbortSignal.abort();
  await expect(snapshot(path, { to: join(folder.path, 'copy'), signal })).rejects.toThrow('abort');
  expect(readdirSync(folder.path)).toEqual(before);
});

test('a file that is no database is refused by name', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'notes.txt');
  writeFileSync(path, 'x'.repeat(20_000));
  await expect(snapshot(path, { to: join(folder.path, 'copy') })).rejects.toMatchObject({
    code: 'NOT_A_DATABASE',
    message: expect.stringContaining(path) as string,
  });
});
