import { join } from 'node:path';

import type { StorageTarget } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  copyBackup,
  createBackup,
  listBackups,
  type NamedTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { at, atEveryCall, copyOf, FAULTS, filesIn, named } from '../backup/small-place.ts';

const folder = tempFolder();
const base = new MemoryStore();
const FULL = 'backup_20260101_000000';
const INCREMENTAL = 'backup_20260102_000000';

const place = (store: MemoryStore, name = 'a'): NamedTarget => named(new MemoryTarget({ store }), name);
const keys = (store: MemoryStore): string[] => [...store.objects.keys()].toSorted();

async function restored(store: MemoryStore, name: string): Promise<Record<string, string>> {
  using into = tempFolder();
  const restoreDir = join(into.path, 'restored');
  await restoreBackup(place(store), name, { restoreDir });
  return filesIn(restoreDir);
}

beforeAll(async () => {
  const path = join(folder.path, 'data.duckdb');
  runSql(
    join(folder.path, 'maker.duckdb'),
    `ATTACH '${path}' AS data (BLOCK_SIZE 16384)`,
    'CREATE TABLE data.t AS SELECT i, random() AS a FROM range(50000) r(i)',
    'CHECKPOINT data',
  );
  for (const [day, kind] of [
    [1, 'full'],
    [2, 'incremental'],
  ] as const) {
    const databases = [{ name: 'data.duckdb', path }];
    expect(await createBackup({ databases, targets: [place(base)], clock: at(day) })).toMatchObject({ kind });
    runSql(path, 'INSERT INTO t VALUES (-1, 0)');
  }
});
afterAll(() => folder[Symbol.dispose]());

test('a copy of an incremental backup has all that it needs, and restores the same', async () => {
  const other = new MemoryStore();
  const report = await copyBackup(place(base), place(other, 'b'), INCREMENTAL);
  expect(report).toMatchObject({
    backup: INCREMENTAL,
    from: 'a',
    to: 'b',
    copied: [`${FULL}.tar.zst`, `${INCREMENTAL}.tar.zst`],
    present: [],
  });
  expect(keys(other)).toEqual([`${FULL}.tar.zst`, `${INCREMENTAL}.json`, `${INCREMENTAL}.tar.zst`]);
  expect((await verifyBackup(place(other), INCREMENTAL, { level: 'blocks' })).problems).toEqual([]);
  expect(await restored(other, INCREMENTAL)).toEqual(await restored(base, INCREMENTAL));

  const again = await copyBackup(place(base), place(other, 'b'), INCREMENTAL);
  expect(again).toMatchObject({ copied: [], copiedBytes: 0, present: report.copied });
  // Now only the manifest of the other one is missing.
  expect(await copyBackup(place(base), place(other, 'b'), FULL)).toMatchObject({ copied: [] });
  expect((await listBackups(place(other))).map(({ name }) => name)).toEqual([INCREMENTAL, FULL]);
});

test('the archives that a copy needs are of use to the next backup, and go with the last one that needs them', async () => {
  const other = new MemoryStore();
  await copyBackup(place(base), place(other), INCREMENTAL);
  const { removed, leftovers } = await cleanupBackups(place(other), {
    policy: { keepLast: 1 },
    clock: at(20),
  });
  expect({ removed, leftovers }).toEqual({ removed: [], leftovers: [] });
  const path = join(folder.path, 'data.duckdb');
  const databases = [{ name: 'data.duckdb', path }];
  const next = await createBackup({ databases, targets: [place(other)], clock: at(3) });
  expect(next.kind).toBe('incremental');
  expect((await verifyBackup(place(other), next.backup, { level: 'blocks' })).ok).toBe(true);
});

test('an archive that is damaged is not copied, and nothing is listed', async () => {
  const archive = base.objects.get(`${FULL}.tar.zst`) ?? new Uint8Array(0);
  const flipped = Uint8Array.from(archive, (byte, place) => (place === 4000 ? byte ^ 1 : byte));
  for (const bytes of [flipped, archive.subarray(0, -1), Buffer.concat([archive, archive]), undefined]) {
    const store = copyOf(base);
    if (bytes === undefined) store.remove(`${FULL}.tar.zst`);
    else store.set(`${FULL}.tar.zst`, bytes);
    const other = new MemoryStore();
    await expect(copyBackup(place(store), place(other), INCREMENTAL)).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
    });
    expect(keys(other)).toEqual([]);
  }
});

test('another archive of the same name is not touched', async () => {
  const other = new MemoryStore();
  const archive = base.objects.get(`${FULL}.tar.zst`) ?? new Uint8Array(0);
  for (const bytes of [Buffer.from('mine'), new Uint8Array(archive.length)]) {
    other.set(`${FULL}.tar.zst`, bytes);
    await expect(copyBackup(place(base), place(other), INCREMENTAL)).rejects.toMatchObject({
      code: 'COPY_CONFLICT',
    });
    expect(Buffer.from(other.objects.get(`${FULL}.tar.zst`) ?? []).equals(bytes)).toBe(true);
    expect(keys(other)).toEqual([`${FULL}.tar.zst`]);
  }
});

test.each(FAULTS)(
  'when a call to the other target $name, what is listed there is whole, and the next copy finishes it',
  async ({ fault }) => {
    const expected = await restored(base, INCREMENTAL);
    const copyTo = (target: StorageTarget): Promise<unknown> =>
      copyBackup(place(base), named(target, 'b'), INCREMENTAL);
    const calls = await atEveryCall(
      new MemoryStore(),
      fault,
      async (target, store, what) => {
        const outcome = await copyTo(target).then(
          () => 'copied',
          () => 'failed',
        );
        await target.close();
        const listed = await listBackups(place(store));
        if (outcome === 'copied') expect(listed.length, what).toBe(1);
        for (const { name, damaged } of listed) {
          expect(damaged, what).toBeUndefined();
          expect(await restored(store, name), what).toEqual(expected);
        }
        await copyTo(new MemoryTarget({ store }));
        expect((await listBackups(place(store))).length, what).toBe(1);
      },
      copyTo,
    );
    expect(calls).toBeGreaterThan(8);
  },
);

test('what is not there, or was not written by Quackup, cannot be copied', async () => {
  for (const name of ['backup_20260109_000000', 'nothing', '../x'])
    await expect(copyBackup(place(base), place(new MemoryStore()), name)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
    });
});
