import { join } from 'node:path';

import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  cleanupBackups,
  type Compression,
  createBackup,
  listBackups,
  type NamedTarget,
  repairTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { at, atEveryCall, copyOf, filesIn, named } from '../backup/small-place.ts';
import { makeDatabase, runSql, tempFolder } from '../make-database.ts';
import { parsePlain } from '../plain-manifest.ts';

const folder = tempFolder();
const FULL = 'backup_20260101_000000';
const INCREMENTAL = 'backup_20260102_000000';
const ALGORITHMS: readonly Compression['algorithm'][] = ['zstd', 'gzip', 'none'];
const EXTENSIONS = { zstd: '.tar.zst', gzip: '.tar.gz', none: '.tar' };
/** A full backup and an incremental one, for each way of compression. */
const places = new Map<string, MemoryStore>();

const place = (store: MemoryStore): NamedTarget => named(new MemoryTarget({ store }));
const placeOf = (algorithm: string): MemoryStore => copyOf(places.get(algorithm) ?? new MemoryStore());
const names = async (store: MemoryStore): Promise<string[]> =>
  (await listBackups(place(store))).map(({ name }) => name);

async function restored(store: MemoryStore, name: string): Promise<Record<string, string>> {
  using into = tempFolder();
  const restoreDir = join(into.path, 'restored');
  await restoreBackup(place(store), name, { restoreDir });
  return filesIn(restoreDir);
}

async function expectWhole(store: MemoryStore): Promise<void> {
  for (const { name, damaged } of await listBackups(place(store))) {
    expect(damaged, name).toBeUndefined();
    expect((await verifyBackup(place(store), name, { level: 'blocks' })).problems, name).toEqual([]);
  }
}

const manifestIn = (store: MemoryStore, name: string): ReturnType<typeof parsePlain> =>
  parsePlain(Buffer.from(store.objects.get(`${name}.json`) ?? []).toString(), name);

/** Changes one byte of an object. */
function flip(store: MemoryStore, key: string, place: number): void {
  const bytes = Buffer.from(store.objects.get(key) ?? []);
  bytes.writeUInt8(bytes.readUInt8(place) ^ 0x10, place);
  store.set(key, bytes);
}

function damageIndex(store: MemoryStore, name: string, extension: string): void {
  const { offset, headLength } = manifestIn(store, name).index;
  flip(store, `${name}${extension}`, offset + (headLength >> 1));
}

beforeAll(async () => {
  const path = join(folder.path, 'a database with a name that needs a pax header, ü.duckdb');
  makeDatabase(path);
  const second = join(folder.path, 'big.duckdb');
  runSql(second, 'CREATE TABLE t AS SELECT i, random() AS a FROM range(200000) r(i)', 'CHECKPOINT');
  const databases = [path, second].map((file) => ({ name: file.slice(folder.path.length + 1), path: file }));
  for (const algorithm of ALGORITHMS) places.set(algorithm, new MemoryStore());
  for (const day of [1, 2]) {
    for (const [algorithm, store] of places) {
      await createBackup({
        databases,
        targets: [place(store)],
        clock: at(day),
        compression: { algorithm: algorithm as Compression['algorithm'] },
      });
    }
    runSql(second, 'INSERT INTO t SELECT i, 0 FROM range(1000) r(i)', 'CHECKPOINT');
  }
}, 30_000);
afterAll(() => folder[Symbol.dispose]());

test('nothing is done where all is whole', async () => {
  const store = placeOf('zstd');
  const before = copyOf(store);
  expect(await repairTarget(place(store))).toMatchObject({
    whole: [FULL, INCREMENTAL],
    repaired: [],
    damaged: [],
  });
  expect([...store.objects]).toEqual([...before.objects]);
});

describe.each(ALGORITHMS)('in archives of %s', (algorithm) => {
  const extension = EXTENSIONS[algorithm];

  test('lost and damaged manifests are made again, and say what they said', async () => {
    const store = placeOf(algorithm);
    const before = [FULL, INCREMENTAL].map((name) => manifestIn(store, name));
    store.remove(`${FULL}.json`);
    store.set(`${INCREMENTAL}.json`, Buffer.from('{}'));
    const { repaired, damaged } = await repairTarget(place(store), { clock: at(9) });
    expect(damaged).toEqual([]);
    expect(repaired).toEqual([
      { backup: FULL, what: 'manifest', as: FULL },
      { backup: INCREMENTAL, what: 'manifest', as: INCREMENTAL },
    ]);
    const after = [FULL, INCREMENTAL].map((name) => manifestIn(store, name));
    for (const [place, { archive, index, references, databases, kind, createdAt }] of after.entries()) {
      const old = before[place];
      expect({ index, references, databases, kind, createdAt }).toEqual({
        index: old?.index,
        references: old?.references,
        databases: old?.databases,
        kind: old?.kind,
        createdAt: old?.createdAt,
      });
      expect(archive.sha256).toBe(old?.archive.sha256);
    }
    await expectWhole(store);
    for (const name of [FULL, INCREMENTAL])
      expect(await restored(store, name)).toEqual(await restored(placeOf(algorithm), name));
  });

  // Without its index nothing tells whether the data of an archive that is not compressed are whole.
  test.runIf(algorithm !== 'none').each(['with its manifest', 'without its manifest'])(
    'a full backup whose index is damaged, %s, gets a new one that restores the same',
    async (manifest) => {
      const expected = await restored(placeOf(algorithm), FULL);
      const clean = placeOf(algorithm);
      const { index } = manifestIn(clean, FULL);
      for (const damage of [index.headLength >> 1, index.headLength + 30, index.length - 20]) {
        const store = copyOf(clean);
        flip(store, `${FULL}${extension}`, index.offset + damage);
        store.remove(`${INCREMENTAL}.json`);
        store.remove(`${INCREMENTAL}${extension}`);
        if (manifest === 'without its manifest') store.remove(`${FULL}.json`);
        const dry = await repairTarget(place(store), { dryRun: true });
        const { repaired, damaged } = await repairTarget(place(store));
        expect(damaged).toEqual([]);
        expect(repaired).toEqual([{ backup: FULL, what: 'index', as: `${FULL}_2` }]);
        expect(dry).toMatchObject({ repaired, dryRun: true });
        expect(await names(store)).toEqual([`${FULL}_2`]);
        expect(await restored(store, `${FULL}_2`)).toEqual(expected);
        await expectWhole(store);
        // A second run has nothing to do, a cleanup leaves the old archive where it is.
        expect(await repairTarget(place(store))).toMatchObject({ repaired: [], damaged: [] });
        await cleanupBackups(place(store), { policy: { keepLast: 1 }, clock: at(20) });
        expect(await restored(store, `${FULL}_2`)).toEqual(expected);
      }
    },
  );

  test('an incremental backup whose index is damaged, and an archive that is cut off or damaged, are named', async () => {
    const cases: readonly [string, (store: MemoryStore) => void, RegExp][] = [
      [INCREMENTAL, (store) => damageIndex(store, INCREMENTAL, extension), /its index is damaged/],
      [
        INCREMENTAL,
        (store) => {
          store.remove(`${INCREMENTAL}.json`);
          store.remove(`${FULL}${extension}`);
        },
        /it needs backup_20260101_000000.tar\S*, which is gone/,
      ],
      [
        FULL,
        (store) => {
          store.remove(`${FULL}.json`);
          store.set(
            `${FULL}${extension}`,
            (store.objects.get(`${FULL}${extension}`) ?? Buffer.alloc(0)).subarray(0, 99_999),
          );
        },
        /cannot be listed again: .*ends after 99999 bytes/,
      ],
      [
        FULL,
        (store) => {
          store.remove(`${FULL}.json`);
          flip(store, `${FULL}${extension}`, 150_000);
        },
        /cannot be listed again/,
      ],
      [FULL, (store) => store.remove(`${FULL}${extension}`), /is gone/],
    ];
    for (const [backup, damage, why] of cases) {
      const store = placeOf(algorithm);
      damage(store);
      const before = copyOf(store);
      const { damaged } = await repairTarget(place(store));
      const found = damaged.find((entry) => entry.backup === backup);
      expect(found?.error.code).toBe('BACKUP_DAMAGED');
      expect(found?.error.message).toMatch(why);
      expect([...store.objects].filter(([key]) => !key.endsWith('.json'))).toEqual(
        [...before.objects].filter(([key]) => !key.endsWith('.json')),
      );
    }
  });
});

test('a repair that is cut off at any call leaves what the next one finishes', async () => {
  const broken = placeOf('zstd');
  damageIndex(broken, FULL, '.tar.zst');
  broken.remove(`${INCREMENTAL}.json`);
  const expected = await restored(placeOf('zstd'), FULL);
  await atEveryCall(
    broken,
    { kind: 'fail', times: Infinity },
    async (target, store, what) => {
      await repairTarget(named(target), { clock: at(9) }).catch(() => undefined);
      // By then the lease of the one that was cut off is over.
      await repairTarget(place(store), { clock: at(10) });
      const listed = (await names(store)).filter((name) => name.startsWith(FULL));
      expect(listed.length, what).toBeGreaterThan(0);
      expect(await restored(store, listed[0] ?? ''), what).toEqual(expected);
      await expectWhole(store);
    },
    (target) => repairTarget(named(target)),
  );
});

test('an archive that is not compressed gets no new index: nothing tells whether its data are whole', async () => {
  const store = placeOf('none');
  damageIndex(store, FULL, '.tar');
  const { repaired, damaged } = await repairTarget(place(store));
  expect(repaired).toEqual([]);
  expect(damaged).toMatchObject([{ backup: FULL, error: { code: 'BACKUP_DAMAGED' } }]);
});

test('archives of OpenQuant, and of a newer Quackup, are left alone', async () => {
  const store = placeOf('gzip');
  const text = Buffer.from(store.objects.get(`${FULL}.json`) ?? []).toString();
  store.set(`${FULL}.json`, Buffer.from(text.replace('"format": 1', '"format": 2')));
  store.set('backup_yesterday.tar.gz', Buffer.from('not even gzip'));
  const before = copyOf(store);
  const { damaged } = await repairTarget(place(store), { dryRun: true });
  expect([...store.objects]).toEqual([...before.objects]);
  expect(damaged).toEqual([]);
});

describe('what a repair can heal is told so', () => {
  test.each([
    ['a damaged index', 'BACKUP_DAMAGED', (store: MemoryStore) => damageIndex(store, FULL, '.tar.zst')],
    ['a damaged manifest', 'BACKUP_DAMAGED', (store: MemoryStore) => flip(store, `${FULL}.json`, 50)],
    ['a lost manifest', 'BACKUP_NOT_FOUND', (store: MemoryStore) => store.remove(`${FULL}.json`)],
  ] as const)('%s', async (_what, code, harm) => {
    const store = placeOf('zstd');
    harm(store);
    using into = tempFolder();
    const restoring = restoreBackup(place(store), FULL, { restoreDir: join(into.path, 'r') });
    await expect(restoring).rejects.toMatchObject({ code, hint: expect.stringContaining('quackup repair') });
    const { repaired } = await repairTarget(place(store));
    expect(Object.keys(await restored(store, repaired[0]?.as ?? ''))).not.toEqual([]);
  });

  test('and what it cannot is not', async () => {
    const incremental = placeOf('zstd');
    damageIndex(incremental, INCREMENTAL, '.tar.zst');
    await expect(restored(incremental, INCREMENTAL)).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
      hint: expect.not.stringContaining('repair'),
    });
    const store = placeOf('zstd');
    store.remove(`${FULL}.json`);
    store.remove(`${FULL}.tar.zst`);
    await expect(restored(store, FULL)).rejects.toMatchObject({
      code: 'BACKUP_NOT_FOUND',
      hint: expect.not.stringContaining('repair'),
    });
  });
});
