/** A cleanup does not remove a backup while it is copied away or restored. */
import { join } from 'node:path';

import { TargetError } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  type CleanupReport,
  copyBackup,
  createBackup,
  restoreBackup,
} from '../../src/index.ts';
import { acquireCleanupLease } from '../../src/lib/lease/lease.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { at, copyOf, named, smallDatabase } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';

const OLD = 'backup_20260101_000000';
const here = smallDatabase();
const base = new MemoryStore();
const later = at(33);

const leasesOf = (store: MemoryStore): string[] =>
  [...store.objects.keys()].filter((key) => key.startsWith('leases/'));
const cleanUp = (store: MemoryStore): Promise<CleanupReport> =>
  cleanupBackups(named(new MemoryTarget({ store })), {
    policy: { keepDays: 30, minCount: 1 },
    clock: later,
  });

const READERS = [
  [
    'copied',
    async (target: MemoryTarget) => {
      const other = named(new MemoryTarget(), 'b');
      return copyBackup({ name: 'a', target }, other, OLD, { clock: later });
    },
  ],
  [
    'restored',
    async (target: MemoryTarget) => {
      using into = tempFolder();
      const restoreDir = join(into.path, 'restored');
      return restoreBackup({ name: 'a', target }, OLD, { restoreDir, clock: later });
    },
  ],
] as const;

/** Where something happens before the first chunk of the archive is read. */
function interrupted(store: MemoryStore, what: () => Promise<void>): MemoryTarget {
  const target = new MemoryTarget({ store });
  const get = target.get.bind(target);
  let isFirst = true;
  target.get = async (key, ...rest) => {
    const isArchive = key === `${OLD}.tar.zst` && leasesOf(store).length > 0;
    if (isArchive && isFirst) {
      isFirst = false;
      await what();
    }
    return get(key, ...rest);
  };
  return target;
}

beforeAll(async () => {
  const targets = [named(new MemoryTarget({ store: base }))];
  for (const day of [1, 31])
    await createBackup({ databases: [here.source], targets, clock: at(day), full: true });
});
afterAll(() => here[Symbol.dispose]());

test.each(READERS)('while a backup is %s a cleanup is refused', async (_what, read) => {
  const store = copyOf(base);
  const outcomes: unknown[] = [];
  const target = interrupted(store, async () => {
    outcomes.push(await cleanUp(store).catch((error: unknown) => error));
  });
  await read(target);
  expect(outcomes).toMatchObject([{ code: 'LEASE_HELD' }]);
  expect(leasesOf(store)).toEqual([]);
  expect((await cleanUp(store)).removed).toMatchObject([{ name: OLD }]);
});

test.each(READERS)('where nothing can be written a backup is %s all the same', async (_what, read) => {
  const target = new MemoryTarget({ store: copyOf(base) });
  target.put = async () => {
    throw new TargetError('ACCESS_DENIED', 'it can only be read');
  };
  await read(target);
});

test('while a cleanup runs nothing is copied, but restored', async () => {
  const store = copyOf(base);
  const target = new MemoryTarget({ store });
  await using _cleaning = await acquireCleanupLease(new TargetClient(named(target)), later);
  const [[, copy], [, restore]] = READERS;
  await expect(copy(target)).rejects.toMatchObject({ code: 'LEASE_HELD' });
  await restore(target);
});
