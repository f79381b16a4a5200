/** A backup that lacks a database, because that failed when it was made. */
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createBackup, type NamedTarget, restoreBackup } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

const folder = tempFolder();
const restoreDir = join(folder.path, 'restored');
const target: NamedTarget = { name: 'memory', target: new MemoryTarget() };
let backup: string;

beforeAll(async () => {
  const path = join(folder.path, 'x.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
  const databases = [
    { name: 'x.duckdb', path },
    { name: 'y.duckdb', path: join(folder.path, 'y.duckdb') },
  ];
  ({ backup } = await createBackup({ databases, targets: [target] }));
});
afterAll(() => folder[Symbol.dispose]());

test('is restored with a warning that names it', async () => {
  const { restored, warnings } = await restoreBackup(target, backup, { restoreDir });
  expect(restored).toHaveLength(1);
  expect(warnings).toEqual(['not in this backup, for they failed when it was made: y.duckdb']);
});

test('says so before anything is restored, too, and not where it was not asked for', async () => {
  const options = { restoreDir, overwrite: true, dryRun: true };
  expect((await restoreBackup(target, backup, options)).warnings).toHaveLength(1);
  expect((await restoreBackup(target, backup, { ...options, database: 'x.duckdb' })).warnings).toEqual([]);
});

test('says why a database cannot be restored from it', async () => {
  await expect(restoreBackup(target, backup, { restoreDir, database: 'y.duckdb' })).rejects.toMatchObject({
    code: 'DATABASE_NOT_IN_BACKUP',
    message: `${backup} holds no database y.duckdb, which failed when it was made`,
  });
});
