import { join } from 'node:path';

import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  type BackupOptions,
  type BackupReport,
  cleanupBackups,
  createBackup,
  listBackups,
  type NamedTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { at, copyOf, filesIn, named } from './small-place.ts';

const folder = tempFolder();
const database = join(folder.path, 'data.duckdb');
const source = { name: 'data.duckdb', path: database };
/** A place with one full backup, of day 1. */
const base = new MemoryStore();
const FIRST = 'backup_20260101_000000';

const place = (store: MemoryStore, name = 'memory'): NamedTarget => named(new MemoryTarget({ store }), name);

const backUp = (targets: readonly NamedTarget[], day: number, more: Partial<BackupOptions> = {}) =>
  createBackup({ databases: [source], targets, clock: at(day), tempDir: folder.path, ...more });

/** The files that a restore of every backup on a place gives, by the backup's name; each passes a verification too. */
async function everything(store: MemoryStore): Promise<Record<string, Record<string, string>>> {
  const found: Record<string, Record<string, string>> = {};
  for (const { name } of await listBackups(place(store))) {
    using into = tempFolder();
    const restoreDir = join(into.path, 'restored');
    const { problems } = await verifyBackup(place(store), name, { level: 'blocks' });
    expect(problems, name).toEqual([]);
    await restoreBackup(place(store), name, { restoreDir });
    found[name] = filesIn(restoreDir);
  }
  return found;
}

const sizeOf = (store: MemoryStore, { backup }: BackupReport): number =>
  store.objects.get(`${backup}.tar.zst`)?.length ?? Number.NaN;

beforeAll(async () => {
  runSql(
    join(folder.path, 'maker.duckdb'),
    `ATTACH '${database}' AS data (BLOCK_SIZE 16384)`,
    // Random content: what is stored twice is seen in the size of the archives.
    'CREATE TABLE data.t AS SELECT i, random() AS a, random() AS b, random() AS c FROM range(60000) r(i)',
    'CHECKPOINT data',
  );
  expect(await backUp([place(base)], 1)).toMatchObject({ backup: FIRST, kind: 'full' });
});
afterAll(() => folder[Symbol.dispose]());

test('a second backup stores only what changed, and both restore what the database was', async () => {
  const store = copyOf(base);
  const before = filesIn(folder.path);
  const unchanged = await backUp([place(store)], 2);
  expect(unchanged.kind).toBe('incremental');
  expect(sizeOf(store, unchanged)).toBeLessThan(sizeOf(store, { backup: FIRST } as BackupReport) / 20);

  runSql(database, 'DELETE FROM t WHERE i % 20000 = 7', 'INSERT INTO t VALUES (-1, 0, 0, 0)', 'CHECKPOINT');
  const changed = await backUp([place(store)], 3);
  expect(changed.kind).toBe('incremental');
  const restored = await everything(store);
  expect(restored[FIRST]?.['data.duckdb']).toBe(before['data.duckdb']);
  expect(restored[unchanged.backup]).toEqual(restored[FIRST]);
  using scratch = tempFolder();
  await restoreBackup(place(store), changed.backup, { restoreDir: scratch.path });
  const count = 'SELECT count(*)::INT, min(i)::INT FROM t';
  expect(runSql(join(scratch.path, 'data.duckdb'), count)).toEqual(runSql(database, count));
});

test('columns that change places by an UPDATE are stored again, though DuckDB gives the blocks the same checksums', async () => {
  const store = copyOf(base);
  await backUp([place(store)], 2);
  const sums = 'SELECT sum(a * i), sum(b * i), sum(c * i) FROM t';
  for (const day of [3, 4, 5]) {
    runSql(database, 'UPDATE t SET a = b, b = c, c = a', 'CHECKPOINT');
    const expected = runSql(database, sums);
    const { backup } = await backUp([place(store)], day);
    using scratch = tempFolder();
    await restoreBackup(place(store), backup, { restoreDir: scratch.path });
    expect(runSql(join(scratch.path, 'data.duckdb'), sums)).toEqual(expected);
  }
  await everything(store);
});

test('a full one is made when asked for, when the last has come of age, and when less than half is the same', async () => {
  const store = copyOf(base);
  const kinds = async (day: number, more?: Partial<BackupOptions>): Promise<string> =>
    (await backUp([place(store)], day, more)).kind;
  // The database has changed since the first backup by the tests before: all of it.
  expect(await kinds(2)).toBe('full');
  expect(await kinds(3)).toBe('incremental');
  expect(await kinds(4, { full: true })).toBe('full');
  const fullEveryMs = 2 * 86_400_000;
  expect(await kinds(5, { fullEveryMs })).toBe('incremental');
  expect(await kinds(6, { fullEveryMs })).toBe('full');
  expect(await kinds(7, { fullEveryMs })).toBe('incremental');
  await everything(store);
});

test('a base that is not whole is not built upon, and the message says why', async () => {
  const clean = new MemoryStore();
  const first = await backUp([place(clean)], 1);
  const second = await backUp([place(clean)], 2);
  expect(second.kind).toBe('incremental');
  const cases = [
    { key: `${first.backup}.tar.zst`, bytes: undefined, why: /backup_20260101_000000.tar.zst, which/ },
    { key: `${first.backup}.tar.zst`, bytes: Buffer.alloc(10), why: /backup_20260101_000000.tar.zst, which/ },
    { key: `${second.backup}.tar.zst`, bytes: undefined, why: /backup_20260102_000000.tar.zst, which/ },
    { key: `${second.backup}.json`, bytes: Buffer.from('{'), why: /manifest backup_20260102_000000.json/ },
    {
      key: `${second.backup}.tar.zst`,
      bytes: Buffer.alloc(sizeOf(clean, second)),
      why: /index of backup_20260102_000000/,
    },
  ];
  for (const { key, bytes, why } of cases) {
    const store = copyOf(clean);
    if (bytes === undefined) store.remove(key);
    else store.set(key, bytes);
    const said: string[] = [];
    const { kind, backup } = await backUp([place(store)], 3, {
      onProgress: (event) => {
        if (event.type === 'message') said.push(event.text);
      },
    });
    expect(kind, key).toBe('full');
    expect(said.join('\n')).toMatch(why);
    expect((await verifyBackup(place(store), backup, { level: 'blocks' })).ok).toBe(true);
  }
});

test('a target that was away catches up by itself, and what the others have is not lost on them', async () => {
  const [here, away] = [new MemoryStore(), new MemoryStore()];
  await backUp([place(here, 'here'), place(away, 'away')], 1);
  for (const day of [2, 3]) {
    runSql(database, `DELETE FROM t WHERE i = ${day}`, 'CHECKPOINT');
    await backUp([place(here, 'here')], day);
  }
  const { kind, backup } = await backUp([place(here, 'here'), place(away, 'away')], 4);
  expect(kind).toBe('incremental');
  const [all, some] = [await everything(here), await everything(away)];
  expect(Object.keys(all)).toHaveLength(4);
  expect(Object.keys(some)).toHaveLength(2);
  expect(some[backup]).toEqual(all[backup]);
  // One that is new has nothing: then everything is stored.
  const fresh = new MemoryStore();
  expect(await backUp([place(here, 'here'), place(fresh, 'fresh')], 5)).toMatchObject({ kind: 'full' });
  await everything(fresh);
});

test('a database that joins is stored whole beside one of which nothing changed', async () => {
  const store = new MemoryStore();
  await backUp([place(store)], 1);
  const other = join(folder.path, 'other.duckdb');
  runSql(other, 'CREATE TABLE o AS SELECT 42 AS answer', 'CHECKPOINT');
  const { kind, backup, databases } = await createBackup({
    databases: [source, { name: 'other.duckdb', path: other }],
    targets: [place(store)],
    clock: at(2),
  });
  expect(kind).toBe('incremental');
  expect(databases.map(({ status }) => status)).toEqual(['ok', 'ok']);
  using scratch = tempFolder();
  await restoreBackup(place(store), backup, { restoreDir: scratch.path });
  expect(runSql(join(scratch.path, 'other.duckdb'), 'SELECT answer FROM o')).toEqual([[42]]);
});

test('cleanup keeps an archive as long as a kept backup refers to it, and removes it after that', async () => {
  const store = new MemoryStore();
  await backUp([place(store)], 1);
  runSql(database, 'DELETE FROM t WHERE i = 40001', 'CHECKPOINT');
  await backUp([place(store)], 2);
  const policy = { keepLast: 1 };
  const first = await cleanupBackups(place(store), { policy, clock: at(2, 20) });
  expect(first.removed.map(({ name }) => name)).toEqual([FIRST]);
  expect([...store.objects.keys()].toSorted()).toEqual([
    `${FIRST}.tar.zst`,
    'backup_20260102_000000.json',
    'backup_20260102_000000.tar.zst',
  ]);
  await everything(store);
  const full = await backUp([place(store)], 4, { full: true });
  await cleanupBackups(place(store), { policy, clock: at(4, 20) });
  expect([...store.objects.keys()].toSorted()).toEqual([`${full.backup}.json`, `${full.backup}.tar.zst`]);
  await everything(store);
});

test('an archive that vanishes while a backup that needs it is made keeps the backup from being listed', async () => {
  const store = new MemoryStore();
  const first = await backUp([place(store)], 1);
  const outcome = await backUp([place(store)], 2, {
    onProgress: (event) => {
      if (event.type === 'task-end' && event.task === 'archive') store.remove(`${first.backup}.tar.zst`);
    },
  }).catch((error: unknown) => error);
  expect(outcome).toMatchObject({
    code: 'TARGET_FAILED',
    message: expect.stringContaining('is gone by now'),
  });
  expect((await listBackups(place(store))).map(({ name }) => name)).toEqual([first.backup]);
  expect(await backUp([place(store)], 3)).toMatchObject({ kind: 'full' });
});
