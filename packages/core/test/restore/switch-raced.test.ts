/** What opens the old database, or writes beside it, after it was last looked at and before the guard is at its place. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Expected } from '../../golden/make.ts';
import { type NamedTarget, restoreBackup } from '../../src/index.ts';
import { GOLDEN, storedIn } from '../archive/stored-backup.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from '../snapshot/holder.ts';
import { emptyFolder } from './database-set.ts';

const { race } = vi.hoisted(() => ({ race: { before: async (): Promise<void> => {} } }));
vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const rename: typeof Files.rename = async (from, to) => {
    if (String(from).endsWith('.quackup-guard')) await race.before();
    return files.rename(from, to);
  };
  return { ...files, rename };
});

const folder = tempFolder();
const golden = join(GOLDEN, 'wal');
const { backup, databases } = JSON.parse(readFileSync(join(golden, 'expected.json'), 'utf8')) as Expected;
const path = join(folder.path, databases[0]?.name ?? '');
let target: NamedTarget;
let holder: Holder | undefined;

beforeEach(async () => {
  emptyFolder(folder.path);
  target = await storedIn(golden);
  runSql(path, 'CREATE TABLE old AS SELECT 1 AS i', 'CHECKPOINT');
});
afterEach(async () => {
  race.before = async () => {};
  await holder?.[Symbol.asyncDispose]();
});
afterAll(() => folder[Symbol.dispose]());

const restore = () => restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true });
const names = (): string[] => readdirSync(folder.path).sort();

test.runIf(process.platform === 'linux')(
  'a process that opens it keeps the restore out, and its commits',
  async () => {
    race.before = async () => {
      holder = await Holder.open(path, 'INSERT INTO old VALUES (2)');
    };
    await expect(restore()).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      message: expect.stringMatching(
        new RegExp(`^${path} is open in process ${holder?.pid ?? '\\d+'}`),
      ) as string,
    });
    await holder?.[Symbol.asyncDispose]();
    expect(names()).toEqual([path, `${path}.wal`].map((file) => file.slice(folder.path.length + 1)));
    expect(runSql(path, 'SELECT i FROM old ORDER BY i')).toEqual([[1], [2]]);
  },
);

test('the WAL of a process that came and died is moved aside with the rest', async () => {
  race.before = async () => {
    runSql(path, 'INSERT INTO old VALUES (2)');
  };
  const { movedAside } = await restore();
  expect(movedAside).toHaveLength(2);
  const [kept = '', keptWal = ''] = movedAside;
  expect(keptWal).toBe(`${kept}.wal`);
  expect(runSql(kept, 'SELECT i FROM old ORDER BY i')).toEqual([[1], [2]]);
  expect(runSql(path, "SELECT count(*)::INTEGER FROM duckdb_tables() WHERE table_name = 'old'")).toEqual([
    [0],
  ]);
});

test('that WAL is in its place again when the switch fails afterwards', async () => {
  race.before = async () => {
    writeFileSync(`${path}.wal`, 'commits');
    rmSync(`${path}.quackup-new`);
  };
  await expect(restore()).rejects.toMatchObject({ code: 'RESTORE_FAILED' });
  expect(existsSync(`${path}.wal`) && readFileSync(`${path}.wal`, 'utf8')).toBe('commits');
  expect(names()).toHaveLength(2);
});
