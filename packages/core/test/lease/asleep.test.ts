/** A machine that sleeps while it puts a manifest, for longer than its lease lasts, and a cleanup elsewhere meanwhile. */
import { TargetError } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  copyBackup,
  type CopyReport,
  createBackup,
  listBackups,
  type NamedTarget,
} from '../../src/index.ts';
import { at, copyOf, named, smallDatabase } from '../backup/small-place.ts';
import { ControlledClock } from './controlled-clock.ts';

const FULL = 'backup_20260101_000000';
const here = smallDatabase();
const databases = [here.source];
const base = new MemoryStore();

type Nap = (target: MemoryTarget) => Promise<void>;

/** Where something happens before a manifest is put. */
function napping(store: MemoryStore, manifest: RegExp, nap: Nap): NamedTarget {
  const target = new MemoryTarget({ store });
  const put = target.put.bind(target);
  target.put = async (key, ...rest) => {
    if (manifest.test(key)) await nap(target);
    return put(key, ...rest);
  };
  // The limits of other tests are shorter than what happens here.
  return { name: 'b', target };
}

async function copyThen(store: MemoryStore, nap: Nap): Promise<CopyReport> {
  const clock = new ControlledClock();
  clock.advance(2 * 24 * 60);
  const target = napping(store, /^backup_[^/]+\.json$/, async (client) => {
    clock.advance(60);
    await nap(client);
  });
  return copyBackup(named(new MemoryTarget({ store: base })), target, FULL, { clock });
}
const cleanUp = async (store: MemoryStore): Promise<void> => {
  await cleanupBackups(named(new MemoryTarget({ store })), { policy: { keepLast: 1 }, clock: at(3, 60) });
};
const listed = (store: MemoryStore): Promise<unknown> => listBackups(named(new MemoryTarget({ store })));

beforeAll(async () => {
  await createBackup({ databases, targets: [named(new MemoryTarget({ store: base }))], clock: at(1) });
});
afterAll(() => here[Symbol.dispose]());

test('a copy whose archives are gone by then is not listed, and fails', async () => {
  const store = new MemoryStore();
  await expect(copyThen(store, () => cleanUp(store))).rejects.toMatchObject({
    code: 'LEASE_LOST',
    message: expect.stringContaining('is not listed'),
  });
  expect(await listed(store)).toEqual([]);
});

test('nor is one whose manifest was put although that failed', async () => {
  const store = new MemoryStore();
  const copying = copyThen(store, async () => {
    await cleanUp(store);
    store.set(`${FULL}.json`, base.objects.get(`${FULL}.json`) ?? new Uint8Array(0));
    throw new TargetError('UNAVAILABLE', 'it made no progress', { retryable: false });
  });
  await expect(copying).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(await listed(store)).toEqual([]);
});

test('one whose archives are still there stands', async () => {
  const store = new MemoryStore();
  expect(await copyThen(store, async () => {})).toMatchObject({ copied: [`${FULL}.tar.zst`] });
  expect(await listed(store)).toMatchObject([{ name: FULL }]);
});

test('a manifest that cannot be taken back is named', async () => {
  const store = new MemoryStore();
  const copying = copyThen(store, async (target) => {
    await cleanUp(store);
    target.delete = async () => {
      throw new Error('no');
    };
  });
  await expect(copying).rejects.toMatchObject({
    code: 'LEASE_LOST',
    message: expect.stringContaining('may be listed'),
  });
});

test('a backup whose base is gone by then is not listed, and fails', async () => {
  const store = copyOf(base);
  const clock = new ControlledClock();
  clock.advance(24 * 60);
  const target = napping(store, /^backup_20260102_000000\.json$/, async () => {
    clock.advance(60);
    const elsewhere = [named(new MemoryTarget({ store }))];
    await createBackup({ databases, targets: elsewhere, clock: at(2, 50), full: true });
    await cleanUp(store);
  });
  await expect(createBackup({ databases, targets: [target], clock })).rejects.toMatchObject({
    code: 'TARGET_FAILED',
    cause: { code: 'LEASE_LOST' },
  });
  expect(await listed(store)).toMatchObject([{ name: 'backup_20260102_005000' }]);
});
