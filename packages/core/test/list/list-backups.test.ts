import type { GetOptions, ObjectKey, ObjectRead } from '@quackup/target-api';
import { FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { beforeAll, describe, expect, test } from 'vitest';

import { createBackup, describeBackup, listBackups, resolveBackupName } from '../../src/index.ts';
import { formatManifest } from '../../src/lib/format/manifest.ts';
import { parsePlain } from '../plain-manifest.ts';
import { at, copyOf, named, smallDatabase } from '../backup/small-place.ts';

const base = new MemoryStore();
const OLD = 'backup_20260101_000000';
const NEW = 'backup_20260102_000000';

beforeAll(async () => {
  using database = smallDatabase();
  for (const day of [1, 2])
    await createBackup({
      databases: [database.source],
      targets: [named(new MemoryTarget({ store: base }))],
      clock: at(day),
    });
});

const list = (store: MemoryStore): ReturnType<typeof listBackups> =>
  listBackups(named(new MemoryTarget({ store })));

/** Counts how many bodies are being read at once; each takes a turn of the event loop. */
class CountingTarget extends MemoryTarget {
  most = 0;
  gets = 0;
  lists = 0;
  #open = 0;

  override list(...args: Parameters<MemoryTarget['list']>): ReturnType<MemoryTarget['list']> {
    this.lists += 1;
    return super.list(...args);
  }

  override async get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead> {
    this.gets += 1;
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    await new Promise(setImmediate);
    const read = await super.get(key, options);
    read.body.once('close', () => (this.#open -= 1));
    return read;
  }
}

test('a thousand backups are listed with one listing and one small read each, sixteen at once', async () => {
  const store = new MemoryStore();
  const manifest = parsePlain(Buffer.from(base.objects.get(`${OLD}.json`) ?? []).toString(), OLD);
  const archive = base.objects.get(`${OLD}.tar.zst`) ?? new Uint8Array(0);
  const names = Array.from({ length: 1000 }, (_, index) => `${OLD}_${index + 2}`);
  for (const name of names) {
    const renamed = { ...manifest, name, archive: { ...manifest.archive, name: `${name}.tar.zst` } };
    store.set(`${name}.json`, Buffer.from(formatManifest(renamed)));
    store.set(`${name}.tar.zst`, archive);
  }
  const target = new CountingTarget({ store });
  const listed = await listBackups({ name: 'a', target });
  expect(listed.map(({ name }) => name)).toEqual(names.toReversed());
  expect(listed.filter(({ damaged }) => damaged !== undefined)).toEqual([]);
  expect(target).toMatchObject({ most: 16, gets: 1000, lists: 1 });
});

describe('a damaged backup is shown, says why, and hides no other', () => {
  test.each([
    { what: 'whose manifest is empty', key: `${NEW}.json`, change: () => new Uint8Array(0) },
    {
      what: 'whose manifest is cut off',
      key: `${NEW}.json`,
      change: (bytes: Uint8Array) => bytes.subarray(0, 100),
    },
    {
      what: 'whose manifest is of another backup',
      key: `${NEW}.json`,
      change: () => base.objects.get(`${OLD}.json`),
    },
    { what: 'whose manifest is huge', key: `${NEW}.json`, change: () => Buffer.alloc(40_000_000, ' ') },
    {
      what: 'whose archive is too short',
      key: `${NEW}.tar.zst`,
      change: (bytes: Uint8Array) => bytes.subarray(1),
    },
    { what: 'whose archive is gone', key: `${NEW}.tar.zst`, change: () => undefined },
  ])('$what', async ({ key, change }) => {
    const store = copyOf(base);
    const changed = change(store.objects.get(key) ?? new Uint8Array(0));
    if (changed === undefined) store.remove(key);
    else store.set(key, changed);
    const [first, second, ...others] = await list(store);
    expect(first).toMatchObject({
      name: NEW,
      damaged: { code: 'BACKUP_DAMAGED', message: expect.any(String) },
    });
    expect(second).toMatchObject({ name: OLD });
    expect(second?.damaged).toBeUndefined();
    expect(others).toEqual([]);
    expect(await resolveBackupName(named(new MemoryTarget({ store })), 'latest')).toBe(OLD);
  });
});

test('objects that are not ours are passed over', async () => {
  const store = copyOf(base);
  for (const key of [
    'backup_notes.json',
    'backup_20260103_000000.json.bak',
    'backup_20260103_000000.tar.zst',
    'backup_20260103_000000.tar',
    'backup_20260103_000000.verified.json',
    'Backup_20260103_000000.json',
    'backup_20260103_000000/x.json',
    'old/backup_20260103_000000.json',
    'leases/backup_20260103_000000.json',
    'backup_20261399_990000.json.txt',
  ])
    store.set(key, Buffer.from('x'));
  expect((await list(store)).map(({ name }) => name)).toEqual([NEW, OLD]);
});

test('a backup that is removed while the list is read is not shown as damaged', async () => {
  const store = copyOf(base);
  class RacingTarget extends MemoryTarget {
    override async get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead> {
      if (key === `${OLD}.json`) store.remove(key);
      return super.get(key, options);
    }
  }
  expect((await listBackups(named(new RacingTarget({ store })))).map(({ name }) => name)).toEqual([NEW]);
});

test('a place that cannot be read is an error, not an empty list', async () => {
  for (const operation of ['list', 'get'] as const) {
    const target = new FaultyTarget(new MemoryTarget({ store: base }), [
      { kind: 'fail', operation, call: 1, times: Infinity },
    ]);
    await expect(listBackups(named(target))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
});

test('a record of a scan that cannot be read counts as none', async () => {
  const store = copyOf(base);
  store.set(`${NEW}.verified.json`, Buffer.from('{"at":'));
  store.set(`${OLD}.verified.json`, Buffer.from('{"at":"2026-01-05T00:00:00.000Z","level":"scan"}'));
  expect((await list(store)).map(({ verified }) => verified)).toEqual([
    null,
    { at: '2026-01-05T00:00:00.000Z', level: 'scan' },
  ]);
});

test('one backup is described with what its removal would free, and one that is not there is an error', async () => {
  const target = new CountingTarget({ store: base });
  const described = await describeBackup({ name: 'a', target }, OLD);
  expect(described).toMatchObject({ summary: { name: OLD }, manifest: { name: OLD }, scan: null });
  await expect(describeBackup({ name: 'a', target }, 'backup_20250101_000000')).rejects.toMatchObject({
    code: 'BACKUP_NOT_FOUND',
  });
});
