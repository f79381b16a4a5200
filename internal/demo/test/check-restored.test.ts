import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql, startWriter } from '@quackup/fixtures';
import { describe, expect, test } from 'vitest';

import { checkQuiet, checkWritten } from '../src/lib/check-restored.ts';
import { tempFolder } from './temp-folder.ts';

const NAME = 'a.duckdb';

/** A database in `source`, and a copy of it in `restored`. */
async function sourceAndCopy(
  folder: string,
): Promise<{ readonly source: string; readonly restored: string }> {
  const [source, restored] = [join(folder, 'source'), join(folder, 'restored')];
  await mkdir(source);
  await mkdir(restored);
  await runSql(join(source, NAME), [
    'CREATE TABLE t AS SELECT range AS x FROM range(1234)',
    'CREATE TABLE u AS SELECT 1 AS y',
  ]);
  await copyFile(join(source, NAME), join(restored, NAME));
  return { source, restored };
}

describe('checkQuiet', () => {
  test('equal databases are found equal', async () => {
    await using folder = await tempFolder();
    const { source, restored } = await sourceAndCopy(folder.path);
    expect(await checkQuiet(NAME, source, restored)).toEqual({
      ok: true,
      text: 'a.duckdb: 2 tables, 1,235 rows, all equal to the source',
    });
  });

  test.each([
    [
      'one value',
      'UPDATE t SET x = -1 WHERE x = 7',
      'table main.t differs (1,234 rows in the source, 1,234 restored)',
    ],
    ['a row', 'DELETE FROM t WHERE x = 7', 'table main.t differs (1,234 rows in the source, 1,233 restored)'],
    ['a table', 'DROP TABLE u', 'table main.u is not there restored'],
    ['one table more', 'CREATE TABLE v (z INT)', 'table main.v is not there in the source'],
  ])('a difference of %s is found', async (_what, change, text) => {
    await using folder = await tempFolder();
    const { source, restored } = await sourceAndCopy(folder.path);
    await runSql(join(restored, NAME), [change]);
    expect(await checkQuiet(NAME, source, restored)).toEqual({ ok: false, text: `a.duckdb: ${text}` });
  });

  test('only the tables that were named are compared', async () => {
    await using folder = await tempFolder();
    const { source, restored } = await sourceAndCopy(folder.path);
    await runSql(join(restored, NAME), ['DROP TABLE u']);
    expect(await checkQuiet(NAME, source, restored, ['main.t'])).toEqual({
      ok: true,
      text: 'a.duckdb: table main.t, 1,234 rows, all equal to the source',
    });
    expect(await checkQuiet(NAME, source, restored, ['main.u'])).toMatchObject({ ok: false });
  });

  test('a database that did not come back is found', async () => {
    await using folder = await tempFolder();
    const { source } = await sourceAndCopy(folder.path);
    expect(await checkQuiet(NAME, source, join(folder.path, 'nowhere'))).toMatchObject({ ok: false });
  });
});

describe('checkWritten', () => {
  test('tells a copy that is right from one that ends too early, too late, or in the middle of a commit', async () => {
    await using folder = await tempFolder();
    await using writer = await startWriter(join(folder.path, NAME));
    await writer.waitFor(20);
    await writer.stop();
    const last = writer.lastAcknowledged;
    const check = (acknowledgedBefore: number, acknowledgedAfter: number) =>
      checkWritten(NAME, folder.path, { acknowledgedBefore, acknowledgedAfter });

    expect(await check(last - 5, last + 5)).toMatchObject({ ok: true });
    expect(await check(last, last)).toMatchObject({ ok: true });
    expect(await check(last - 5, last - 1)).toMatchObject({ ok: true });
    expect(await check(last + 1, last + 5)).toMatchObject({
      ok: false,
      text: `a.duckdb: ends with commit ${last}, but ${last + 1} had returned before the backup`,
    });
    expect(await check(1, last - 2)).toMatchObject({
      ok: false,
      text: `a.duckdb: holds commit ${last}, which did not exist yet (${last - 2})`,
    });
    await runSql(join(folder.path, NAME), ['DELETE FROM ledger WHERE seq = 10 AND amount < 0']);
    const broken = await check(last, last);
    expect(broken.ok).toBe(false);
    expect(broken.text).toContain('every commit is whole and sums to 0');
  });
});
