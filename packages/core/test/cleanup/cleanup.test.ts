import { TargetError } from '@quackup/target-api';
import { FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  cleanupBackups,
  type CleanupReport,
  createBackup,
  listBackups,
  type NamedTarget,
  verifyBackup,
} from '../../src/index.ts';
import { at, atEveryCall, copyOf, FAULTS, named, smallDatabase } from '../backup/small-place.ts';

const base = new MemoryStore();
const KEPT = ['backup_20260104_000000', 'backup_20260103_000000'];
const LEFTOVER = 'backup_20251231_000000.tar.zst';
const clean = (store: MemoryStore): NamedTarget => named(new MemoryTarget({ store }));
const cleanUp = (target: NamedTarget, minutes = 0, day = 4): Promise<CleanupReport> =>
  cleanupBackups(target, { policy: { keepLast: 2 }, clock: at(day, minutes) });
const names = async (store: MemoryStore): Promise<string[]> =>
  (await listBackups(clean(store))).map(({ name }) => name);
const keys = (store: MemoryStore): string[] => [...store.objects.keys()];

beforeAll(async () => {
  using database = smallDatabase();
  for (const day of [1, 2, 3, 4])
    await createBackup({ databases: [database.source], targets: [clean(base)], full: true, clock: at(day) });
  base.set('backup_20260101_000000.verified.json', Buffer.from('{"at":"2026-01-01T01:00:00Z"}'));
  base.set(LEFTOVER, Buffer.alloc(1000));
});
afterAll(() => expect(keys(base)).toHaveLength(10));

/** The place after a cleanup that nothing disturbed. */
async function cleaned(): Promise<string[]> {
  const store = copyOf(base);
  await cleanUp(clean(store));
  return keys(store);
}

describe('a cleanup of which a call to the target', () => {
  test.each(FAULTS)(
    '$name never removes what must stay, and the next one completes the work',
    async ({ fault }) => {
      const expected = await cleaned();
      const calls = await atEveryCall(
        base,
        fault,
        async (target, store, what) => {
          const outcome = await cleanUp(named(target)).catch((error: unknown) => error);
          const listed = await listBackups(clean(store));
          expect(listed.map(({ name }) => name).slice(0, 2), what).toEqual(KEPT);
          for (const { name, damaged } of listed) {
            expect(damaged, `${what}: ${name}`).toBeUndefined();
            expect(await verifyBackup(clean(store), name, { level: 'archive' }), what).toMatchObject({
              ok: true,
            });
          }
          // Done but for the lease, which a target that is down cannot give back.
          if (!(outcome instanceof Error))
            expect(
              keys(store).filter((key) => !key.startsWith('leases/')),
              what,
            ).toEqual(expected);
          // Archives whose manifest is gone already count as left over when they are a day old.
          await cleanUp(clean(store), 16, 5);
          expect(keys(store), what).toEqual(expected);
        },
        (target) => cleanUp(named(target)),
      );
      expect(calls).toBe(16);
    },
  );

  test('fails in the middle says how far it came and that another one goes on', async () => {
    const target = new FaultyTarget(new MemoryTarget({ store: copyOf(base) }), [
      { kind: 'fail', operation: 'delete', call: 3, times: Infinity },
    ]);
    await expect(cleanUp(named(target, 'offsite'))).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: expect.stringMatching(/offsite.*backup_.*2 of 6 objects have been removed/),
    });
  });
});

test('what goes, goes with its manifest first, the record of its scan next, and its archive last', async () => {
  const target = new FaultyTarget(new MemoryTarget({ store: copyOf(base) }));
  await cleanUp(named(target));
  const deleted = target.calls.filter(({ operation }) => operation === 'delete').map(({ key }) => key);
  expect(deleted.slice(0, -1)).toEqual([
    'backup_20260102_000000.json',
    'backup_20260102_000000.tar.zst',
    'backup_20260101_000000.json',
    'backup_20260101_000000.verified.json',
    'backup_20260101_000000.tar.zst',
    LEFTOVER,
  ]);
  expect(deleted.at(-1)).toMatch(/^leases\/cleanup_/);
});

test('an archive without a manifest goes when it is older than a day, and stays while a backup may still be writing it', async () => {
  const store = new MemoryStore();
  for (const key of [
    'backup_20260103_000000.tar.zst',
    'backup_20260103_000001.tar.zst',
    'backup_20260104_000000.tar',
  ])
    store.set(key, Buffer.alloc(10));
  const report = await cleanUp(clean(store), 0, 4);
  expect(report.leftovers).toEqual([]);
  const later = await cleanupBackups(clean(store), {
    policy: { keepLast: 2 },
    clock: { now: () => new Date(Date.UTC(2026, 0, 4, 0, 0, 1)) },
  });
  expect(later).toMatchObject({ leftovers: ['backup_20260103_000000.tar.zst'], freedBytes: 10, removed: [] });
  expect(keys(store)).toEqual(['backup_20260103_000001.tar.zst', 'backup_20260104_000000.tar']);
});

test('the record of a scan whose backup is gone is removed', async () => {
  const store = copyOf(base);
  store.set('backup_20250101_000000.verified.json', Buffer.from('{}'));
  expect((await cleanUp(clean(store))).leftovers).toContain('backup_20250101_000000.verified.json');
  expect(keys(store)).not.toContain('backup_20250101_000000.verified.json');
});

test('what is not ours stays, whatever the policy', async () => {
  const store = copyOf(base);
  const foreign = [
    'notes.txt',
    'backup_notes.json',
    'backup_20200101_000000.tar.zst/x',
    'leases/readme',
    'other/backup_20200101_000000.json',
    // Named like archives of OpenQuant, which let its users choose.
    'backup_website.tar.gz',
    'backup_website.tar',
  ];
  for (const key of foreign) store.set(key, Buffer.from('mine'));
  await cleanupBackups(clean(store), { policy: { keepLast: 1 }, clock: at(4) });
  expect(keys(store)).toEqual(expect.arrayContaining(foreign));
  expect(await names(store)).toEqual(['backup_website', ...KEPT.slice(0, 1)]);
});

test('nothing is removed after the lease has run out', async () => {
  const store = copyOf(base);
  let minutes = 0;
  const inner = new MemoryTarget({ store });
  const slow = new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      // The machine sleeps for twelve minutes after the first object is gone.
      return (...args: readonly unknown[]): unknown => {
        if (name === 'delete' && minutes === 0) minutes = 12;
        return Reflect.apply(member, target, args);
      };
    },
  });
  const clock = { now: () => at(4, minutes).now() };
  await expect(cleanupBackups(named(slow), { policy: { keepLast: 2 }, clock })).rejects.toMatchObject({
    code: 'LEASE_LOST',
  });
  expect(keys(base).filter((key) => !keys(store).includes(key))).toEqual(['backup_20260102_000000.json']);
});

test('nor when the machine slept before the answer, and the removal is to be tried again', async () => {
  const store = copyOf(base);
  let minutes = 0;
  class Sleeping extends MemoryTarget {
    override async delete(...args: Parameters<MemoryTarget['delete']>): Promise<void> {
      if (minutes > 0) return super.delete(...args);
      minutes = 60;
      throw new TargetError('UNAVAILABLE', 'the network is not there yet', { retryable: true });
    }
  }
  const clock = { now: () => at(4, minutes).now() };
  const target = named(new Sleeping({ store }));
  await expect(cleanupBackups(target, { policy: { keepLast: 2 }, clock })).rejects.toMatchObject({
    code: 'LEASE_LOST',
  });
  // The lease itself goes.
  expect(keys(store)).toEqual(keys(base));
});

test('the archive of a backup whose manifest is listed and cannot be found is not a leftover', async () => {
  const store = copyOf(base);
  const [, , hidden = ''] = await names(store);
  class Forgetful extends MemoryTarget {
    override async get(...args: Parameters<MemoryTarget['get']>): ReturnType<MemoryTarget['get']> {
      const [key] = args;
      if (key !== `${hidden}.json`) return super.get(...args);
      throw new TargetError('NOT_FOUND', 'not yet');
    }
  }
  const { removed } = await cleanupBackups(named(new Forgetful({ store })), {
    policy: { keepLast: 1 },
    clock: at(9),
  });
  expect(removed.map(({ name }) => name)).not.toContain(hidden);
  expect(keys(base).filter((key) => key.endsWith('.tar.zst') && !keys(store).includes(key))).toEqual([]);
  expect((await names(store)).includes(hidden)).toBe(true);
});

test('backups of one database never push out the last one of another', async () => {
  using database = smallDatabase();
  const store = new MemoryStore();
  const backUp = async (day: number, ...databases: readonly string[]): Promise<string> => {
    const sources = databases.map((name) => ({ path: database.source.path, name }));
    return (await createBackup({ databases: sources, targets: [clean(store)], clock: at(day) })).backup;
  };
  const both = await backUp(1, 'a', 'b');
  const alone = [await backUp(2, 'a'), await backUp(3, 'a')];
  const { kept, removed } = await cleanupBackups(clean(store), { policy: { keepLast: 1 }, clock: at(4) });
  expect(kept).toMatchObject([{ name: alone[1] }, { name: both, reasons: ['the newest backup of b'] }]);
  expect(removed.map(({ name }) => name)).toEqual(alone.slice(0, 1));
});
