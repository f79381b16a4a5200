import { isTargetError, objectKey, TargetError } from '@quackup/target-api';
import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  type DailyOptions,
  type DailyReport,
  listBackups,
  type NamedTarget,
  runDaily,
} from '../../src/index.ts';
import { at, named, smallDatabase } from '../backup/small-place.ts';
import { runSql } from '../make-database.ts';

let database: ReturnType<typeof smallDatabase>;
beforeAll(() => {
  database = smallDatabase();
});
afterAll(() => database[Symbol.dispose]());

const place = (store: MemoryStore, name = 'memory', faults: readonly Fault[] = []): NamedTarget =>
  named(new FaultyTarget(new MemoryTarget({ store }), faults), name);

const daily = (
  day: number,
  targets: readonly NamedTarget[],
  more: Partial<DailyOptions> = {},
): Promise<DailyReport> =>
  runDaily({
    databases: [database.source],
    targets,
    policy: { keepLast: 2 },
    clock: at(day),
    tempDir: database.folder,
    ...more,
  });

const namesOn = async (store: MemoryStore): Promise<string[]> =>
  (await listBackups(place(store))).map(({ name }) => name);

test('ten days: a backup each, verified, one a week scanned, and old ones removed', async () => {
  const store = new MemoryStore();
  const levels: (string | undefined)[] = [];
  for (let day = 1; day <= 10; day += 1) {
    const report = await daily(day, [place(store)]);
    expect(report).toMatchObject({ outcome: 'success', problems: [], cleanups: [{ target: 'memory' }] });
    expect(report.lastGood).toMatchObject([{ target: 'memory', backup: report.backup?.backup }]);
    levels.push(report.verified[0]?.report.level);
  }
  const blocks = Array<string>(6).fill('blocks');
  expect(levels).toEqual(['scan', ...blocks, 'scan', ...blocks.slice(4)]);
  // The two newest, and the newest that was scanned.
  expect(await namesOn(store)).toEqual([
    'backup_20260110_000000',
    'backup_20260109_000000',
    'backup_20260108_000000',
  ]);
});

test('a database that is gone is a failure, the others are backed up, and nothing is removed', async () => {
  const store = new MemoryStore();
  for (const day of [1, 2, 3]) await daily(day, [place(store)], { policy: {} });
  const gone = { name: 'gone.duckdb', path: `${database.source.path}.gone` };
  const report = await daily(4, [place(store)], { databases: [database.source, gone] });
  expect(report).toMatchObject({
    outcome: 'failure',
    problems: [{ severity: 'failure', subject: 'database gone.duckdb', code: 'DATABASE_NOT_FOUND' }],
    cleanups: [],
    lastGood: [{ backup: 'backup_20260103_000000' }],
  });
  expect((await namesOn(store)).length).toBe(4);
});

test('a target that fails is reported once, and the other one is served', async () => {
  const [good, bad] = [new MemoryStore(), new MemoryStore()];
  const denied = new TargetError('ACCESS_DENIED', 'no entry');
  expect(isTargetError(denied)).toBe(true);
  const broken = place(bad, 'broken', [{ call: 1, kind: 'fail', error: denied, times: Infinity }]);
  const report = await daily(1, [broken, place(good, 'good')]);
  expect(report.outcome).toBe('failure');
  expect(report.problems.map(({ subject, code }) => [subject, code])).toEqual([
    ['target broken', 'ACCESS_DENIED'],
  ]);
  expect(report.cleanups.map(({ target }) => target)).toEqual(['good']);
  expect(report.lastGood).toMatchObject([{ target: 'good', backup: report.backup?.backup }]);
});

test('what was just written and is damaged already is a failure, and nothing is removed there', async () => {
  const store = new MemoryStore();
  for (const day of [1, 2, 3]) await daily(day, [place(store)], { policy: {} });
  /** A target that stores other bytes of archives than it is given. */
  class Lying extends MemoryTarget {
    override async put(...args: Parameters<MemoryTarget['put']>): ReturnType<MemoryTarget['put']> {
      const info = await super.put(...args);
      const [key] = args;
      if (!key.endsWith('.tar.zst')) return info;
      const bytes = Buffer.from(store.objects.get(key) ?? []);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      store.set(objectKey(key), bytes);
      return info;
    }
  }
  const report = await daily(4, [named(new Lying({ store }))], { full: true });
  expect(report.outcome).toBe('failure');
  expect(report.problems).toMatchObject([{ subject: 'verification on memory', code: 'BACKUP_DAMAGED' }]);
  expect(report.cleanups).toEqual([]);
  expect((await namesOn(store)).length).toBe(4);
});

test('a cleanup that finds somebody else at work there is only a warning', async () => {
  const store = new MemoryStore();
  await daily(1, [place(store)]);
  let other: Promise<unknown> | undefined;
  /** Somebody announces a backup as soon as the cleanup has announced itself. */
  class Crowded extends MemoryTarget {
    override async put(...args: Parameters<MemoryTarget['put']>): ReturnType<MemoryTarget['put']> {
      const info = await super.put(...args);
      const [key] = args;
      if (key.startsWith('leases/cleanup_') && other === undefined) {
        const lease = Buffer.from(store.objects.get(key) ?? []).toString();
        store.set(
          objectKey('leases/backup_20260102_000001.json'),
          Buffer.from(lease.replace('"cleanup"', '"backup"')),
        );
        other = Promise.resolve();
      }
      return info;
    }
  }
  const report = await daily(2, [named(new Crowded({ store }))]);
  expect(report).toMatchObject({
    outcome: 'warning',
    problems: [{ severity: 'warning', subject: 'cleanup on memory', code: 'LEASE_HELD' }],
  });
});

test('an abort ends the run as an abort', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(daily(1, [place(new MemoryStore())], { signal: controller.signal })).rejects.toBe(reason);
});

test('what happened to the data since the last scan is told once, by the run that counts it', async () => {
  const store = new MemoryStore();
  using own = smallDatabase();
  const alarms = { tableVanished: true, tableShrankPercent: 50, notGrownForMs: 2 * 86_400_000 };
  const run = (day: number): Promise<DailyReport> =>
    daily(day, [place(store), place(new MemoryStore(), 'other')], {
      databases: [own.source],
      alarms,
      verifyLevel: 'scan',
      policy: { keepLast: 5 },
    });
  expect((await run(1)).problems).toEqual([]);
  runSql(own.source.path, 'CREATE TABLE u AS SELECT 1 AS x', 'DELETE FROM t WHERE i > 100');
  const shrunk = await run(2);
  expect(shrunk).toMatchObject({
    outcome: 'warning',
    problems: [
      { severity: 'warning', momentary: true, code: 'DATA_ALARM', subject: 'table main.t of small.duckdb' },
    ],
    cleanups: [{ target: 'memory' }, { target: 'other' }],
  });
  runSql(own.source.path, 'DROP TABLE u');
  const third = (await run(3)).problems.map(({ subject }) => subject);
  expect(third).toEqual(['table main.u of small.duckdb', 'growth of small.duckdb']);
  runSql(own.source.path, 'INSERT INTO t SELECT * FROM t', 'INSERT INTO t SELECT * FROM t');
  expect((await run(5)).problems).toEqual([]);
});
