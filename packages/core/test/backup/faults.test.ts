import { join } from 'node:path';

import type { StorageTarget } from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type BackupReport,
  cleanupBackups,
  createBackup,
  listBackups,
  type NamedTarget,
  restoreBackup,
  verifyBackup,
} from '../../src/index.ts';
import { tempFolder } from '../make-database.ts';
import { at, atEveryCall, FAULTS, filesIn, named, smallDatabase } from './small-place.ts';

const database = smallDatabase();
const base = new MemoryStore();
const EARLIER = 'backup_20260101_000000';
let restored: Record<string, string>;

const backUp = (targets: readonly NamedTarget[], day: number, minutes = 0): Promise<BackupReport> =>
  createBackup({
    databases: [database.source],
    targets,
    clock: at(day, minutes),
    tempDir: database.folder,
    compression: { algorithm: 'zstd', level: 1 },
  });
const clean = (store: MemoryStore): NamedTarget => named(new MemoryTarget({ store }));

beforeAll(async () => {
  const { backup } = await backUp([clean(base)], 1);
  expect(backup).toBe(EARLIER);
  restored = await restore(base, backup);
  expect(Object.keys(restored)).toEqual(['small.duckdb', 'small.duckdb.wal']);
});
afterAll(() => database[Symbol.dispose]());

async function restore(store: MemoryStore, backup: string): Promise<Record<string, string>> {
  using place = tempFolder();
  const restoreDir = join(place.path, 'restored');
  await restoreBackup(clean(store), backup, { restoreDir });
  return filesIn(restoreDir);
}

/** The names of the backups on a place, after each has been verified. */
async function wholeBackups(store: MemoryStore, what: string): Promise<readonly string[]> {
  const names = (await listBackups(clean(store))).map(({ name }) => name);
  for (const name of names) {
    const { problems } = await verifyBackup(clean(store), name, { level: 'blocks' });
    expect(problems, `${what}: ${name}`).toEqual([]);
  }
  return names;
}

/** What must hold after a run, however it ended. */
async function checkPlace(store: MemoryStore, what: string): Promise<readonly string[]> {
  const names = await wholeBackups(store, what);
  expect(names, what).toContain(EARLIER);
  expect(await restore(store, EARLIER), what).toEqual(restored);
  const next = await backUp([clean(store)], 2);
  expect(next.targets, what).toEqual([{ name: 'memory', status: 'ok' }]);
  expect(await wholeBackups(store, what)).toEqual([next.backup, ...names]);
  // Whatever lease was left has run out after its term and the margin for clocks.
  const { removed } = await cleanupBackups(clean(store), { policy: { keepLast: 1 }, clock: at(2, 16) });
  expect(
    removed.map(({ name }) => name),
    what,
  ).toEqual(names);
  return names;
}

const verify = (target: StorageTarget): Promise<unknown> =>
  verifyBackup(named(target), EARLIER, { level: 'blocks' });

describe('a backup of which a call to the target', () => {
  test.each(FAULTS)('$name leaves only whole backups, and the next one works', async ({ fault }) => {
    const calls = await atEveryCall(
      base,
      fault,
      async (target, store, what) => {
        const outcome = await backUp([named(target, 'disturbed')], 2).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome, what).toMatchObject({ code: 'TARGET_FAILED' });
          expect(outcome.message, what).toContain('disturbed: ');
          await checkPlace(store, what);
        } else {
          const report = outcome as BackupReport;
          expect(report.targets, what).toEqual([{ name: 'disturbed', status: 'ok' }]);
          expect(await checkPlace(store, what)).toContain(report.backup);
        }
      },
      (target) => backUp([named(target)], 2),
    );
    expect(calls).toBeGreaterThanOrEqual(8);
  });

  test.each(['fail', 'fail-after', 'cut'] as const)(
    'meets a passing %s succeeds, unless the archive itself would have to be read twice',
    async (kind) => {
      await atEveryCall(
        base,
        { kind },
        async (target, _, what) => {
          const succeeded = await backUp([named(target)], 2).then(
            () => true,
            () => false,
          );
          expect(succeeded, what).toBe(kind === 'fail' || !/put of .*tar/.test(what));
        },
        (target) => backUp([named(target)], 2),
      );
    },
  );

  test.each(FAULTS)(
    '$name leaves the other target a whole backup, and says how each fared',
    async ({ fault }) => {
      await atEveryCall(
        base,
        fault,
        async (target, store, what) => {
          const good = new MemoryStore();
          const report = await backUp(
            [named(target, 'disturbed'), named(new MemoryTarget({ store: good }), 'good')],
            2,
          );
          expect(report.targets, what).toMatchObject([{ name: 'disturbed' }, { name: 'good', status: 'ok' }]);
          expect(await wholeBackups(good, what)).toEqual([report.backup]);
          expect(
            [...good.objects.keys()].filter((key) => key.startsWith('leases/')),
            what,
          ).toEqual([]);
          const [disturbed] = report.targets;
          expect(disturbed?.error === undefined, what).toBe(disturbed?.status === 'ok');
          const names = await checkPlace(store, what);
          if (disturbed?.status === 'ok') expect(names, what).toContain(report.backup);
        },
        (target) => backUp([named(target)], 2),
      );
    },
  );
});

describe('a verification of which a call to the target', () => {
  test.each(FAULTS)('$name ends with an error or with the truth', async ({ fault }) => {
    await atEveryCall(
      base,
      fault,
      async (target, store, what) => {
        const before = store.objects;
        const outcome = await verify(target).catch((error: unknown) => error);
        // A place that cannot be read is no damage.
        if (!(outcome instanceof Error)) expect(outcome, what).toMatchObject({ ok: true });
        if (isPassing(fault)) expect(outcome, what).toMatchObject({ ok: true });
        expect(store.objects, what).toEqual(before);
      },
      verify,
    );
  });
});

describe('a restore of which a call to the target', () => {
  test.each(FAULTS)('$name writes everything or nothing', async ({ fault }) => {
    await atEveryCall(
      base,
      fault,
      async (target, _, what) => {
        using place = tempFolder();
        const restoreDir = join(place.path, 'restored');
        const outcome = await restoreBackup(named(target), EARLIER, { restoreDir }).catch(
          (error: unknown) => error,
        );
        const failed = outcome instanceof Error;
        expect(filesIn(restoreDir), what).toEqual(failed ? {} : restored);
        if (isPassing(fault)) expect(failed, what).toBe(false);
      },
      async (target) => {
        using place = tempFolder();
        await restoreBackup(named(target), EARLIER, { restoreDir: join(place.path, 'restored') });
      },
    );
  });
});

/** Whether a read that meets it must succeed: the error calls itself retryable and comes once. */
function isPassing({ kind, times, error }: (typeof FAULTS)[number]['fault']): boolean {
  return ['fail', 'fail-after', 'cut'].includes(kind) && times === undefined && error === undefined;
}
