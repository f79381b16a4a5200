import { join } from 'node:path';

import type { ObjectBody, ObjectInfo, ObjectKey, PutOptions } from '@quackup/target-api';
import { FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type BackupReport,
  createBackup,
  type DatabaseSource,
  listBackups,
  type NamedTarget,
  verifyBackup,
} from '../../src/index.ts';
import { reserveName } from '../../src/lib/backup/reserve-name.ts';
import { runSql } from '../make-database.ts';
import { at, FAULTS, named, smallDatabase } from './small-place.ts';

const NAME = 'backup_20260101_000000';
const database = smallDatabase();
let source: DatabaseSource;
beforeAll(() => {
  source = database.source;
});
afterAll(() => database[Symbol.dispose]());

const clock = at(1);
const reserve = (...targets: NamedTarget[]): ReturnType<typeof reserveName> =>
  reserveName(targets, clock.now(), { clock, signal: undefined });
const place = (store: MemoryStore, name?: string): NamedTarget => named(new MemoryTarget({ store }), name);
const backUp = (
  targets: readonly NamedTarget[],
  more: { signal?: AbortSignal } = {},
): Promise<BackupReport> =>
  createBackup({ databases: [source], targets, clock, tempDir: database.folder, ...more });

describe('a name', () => {
  test('that is free is taken as it is, and given back afterwards', async () => {
    const store = new MemoryStore();
    {
      await using reservation = await reserve(place(store));
      expect(reservation.name).toBe(NAME);
      expect([...store.objects.keys()]).toEqual([`leases/${NAME}.json`]);
    }
    expect(store.objects.size).toBe(0);
  });

  test.each(['.json', '.tar.zst', '.tar.gz', '.tar', '.verified.json'])(
    'that an object %s has already is not given again, whatever else is there',
    async (ending) => {
      const store = new MemoryStore();
      store.set(`${NAME}${ending}`, Buffer.from('x'));
      store.set(`${NAME}_2.tar`, Buffer.from('x'));
      store.set(`${NAME}x.tar`, Buffer.from('x'));
      await using reservation = await reserve(place(store));
      expect(reservation.name).toBe(`${NAME}_3`);
      expect([...store.objects.keys()].filter((key) => key.startsWith('leases/'))).toEqual([
        `leases/${NAME}_3.json`,
      ]);
    },
  );

  test('is free on all targets or is not used', async () => {
    const [one, two] = [new MemoryStore(), new MemoryStore()];
    two.set(`${NAME}.tar`, Buffer.from('x'));
    await using reservation = await reserve(place(one, 'one'), place(two, 'two'));
    expect(reservation.name).toBe(`${NAME}_2`);
    expect([...one.objects.keys()]).toEqual([`leases/${NAME}_2.json`]);
  });

  test('that a target took while another one failed is given back when the run is interrupted', async () => {
    const store = new MemoryStore();
    const abort = new AbortController();
    const hanging = new FaultyTarget(new MemoryTarget(), [{ kind: 'hang', call: 1, times: Infinity }]);
    const targets = [place(store, 'good'), { name: 'hanging', target: hanging }];
    const reserving = reserveName(targets, clock.now(), { clock, signal: abort.signal });
    const rejected = expect(reserving).rejects.toThrow('interrupted');
    while (hanging.calls.length === 0 || store.objects.size === 0) await new Promise(setImmediate);
    abort.abort(new Error('interrupted'));
    await hanging.close();
    await rejected;
    expect(store.objects.size).toBe(0);
  });

  test('is reserved on the targets that answer, and the others are reported', async () => {
    for (const { fault } of FAULTS.filter(({ fault }) => fault.error !== undefined)) {
      const faulty = new FaultyTarget(new MemoryTarget(), [{ ...fault, call: 1, times: Infinity }]);
      await using reservation = await reserve(place(new MemoryStore(), 'good'), named(faulty, 'bad'));
      expect(reservation.live().map(({ name }) => name)).toEqual(['good']);
      expect([...reservation.failed.keys()]).toEqual(['bad']);
    }
  });
});

describe('backups that begin within one second', () => {
  test.each([true, false])(
    'all succeed under names of their own (put if absent: %s)',
    async (putIfAbsent) => {
      const store = new MemoryStore();
      const connect = (): NamedTarget => named(new MemoryTarget({ store, capabilities: { putIfAbsent } }));
      const reports = await Promise.all([backUp([connect()]), backUp([connect()]), backUp([connect()])]);
      const names = reports.map(({ backup }) => backup);
      expect(new Set(names).size).toBe(3);
      expect((await listBackups(connect())).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
      for (const name of names) {
        expect(await verifyBackup(connect(), name, { level: 'blocks' })).toMatchObject({ problems: [] });
      }
      expect([...store.objects.keys()].filter((key) => key.startsWith('leases/'))).toEqual([]);
    },
  );

  test('one after another count up, and the list shows the last one first', async () => {
    const store = new MemoryStore();
    for (let round = 0; round < 11; round += 1) await backUp([place(store)]);
    const ordinals = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map((ordinal) => `${NAME}_${ordinal}`);
    expect((await listBackups(place(store))).map(({ name }) => name)).toEqual([...ordinals, NAME]);
  });

  test('do not take the name of one that finishes just before the other looks, even without put if absent', async () => {
    const store = new MemoryStore();
    const capabilities = { putIfAbsent: false };
    const first = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let isFirst = true;
    /** Its first put comes when the other backup is done. */
    class LateTarget extends MemoryTarget {
      override async put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
        if (isFirst) {
          isFirst = false;
          begun.resolve();
          await first.promise;
        }
        return super.put(key, body, options);
      }
    }
    const late = backUp([{ name: 'late', target: new LateTarget({ store, capabilities }) }]);
    await begun.promise;
    const early = await backUp([named(new MemoryTarget({ store, capabilities }))]);
    first.resolve();
    expect(early.backup).toBe(NAME);
    expect((await late).backup).toBe(`${NAME}_2`);
    expect(await verifyBackup(place(store), NAME, { level: 'blocks' })).toMatchObject({ problems: [] });
  });
});

test('what a target keeps of the archive’s chunks until its put is done stays as it was', async () => {
  const store = new MemoryStore();
  /** As an SDK that sends what it was given later, without a copy. */
  class KeepingTarget extends MemoryTarget {
    override async put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
      const kept: Uint8Array[] = [];
      for await (const chunk of body) kept.push(chunk);
      return super.put(
        key,
        (async function* () {
          yield* kept;
        })(),
        options,
      );
    }
  }
  // Several pages of a megabyte each.
  const path = join(database.folder, 'large.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT md5(i::VARCHAR) AS s FROM range(150000) r(i)', 'CHECKPOINT');
  for (const algorithm of ['zstd', 'none'] as const) {
    const { backup, archiveBytes } = await createBackup({
      databases: [{ name: 'large.duckdb', path }],
      targets: [named(new KeepingTarget({ store }), 'keeps'), named(new MemoryTarget(), 'copies')],
      compression: { algorithm },
      clock,
    });
    expect(archiveBytes).toBeGreaterThan(2 * 1024 * 1024);
    expect(await verifyBackup(place(store), backup, { level: 'archive' })).toMatchObject({ problems: [] });
  }
});

test.each([
  { what: 'is gone', change: (store: MemoryStore, key: string) => void store.remove(key) },
  {
    what: 'is shorter',
    change: (store: MemoryStore, key: string) => store.change(key, (bytes) => bytes.subarray(1)),
  },
])(
  'a target on which the archive $what before the manifest is written gets no manifest',
  async ({ change }) => {
    const store = new MemoryStore();
    /** As if another machine's cleanup had taken this run for dead. */
    class LosingTarget extends MemoryTarget {
      override async put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
        const info = await super.put(key, body, options);
        if (key.includes('.tar')) change(store, key);
        return info;
      }
    }
    const report = await backUp([
      named(new LosingTarget({ store }), 'loses'),
      named(new MemoryTarget(), 'keeps'),
    ]);
    expect(report.targets).toMatchObject([
      {
        name: 'loses',
        status: 'failed',
        error: { code: 'TARGET_FAILED', hint: expect.stringContaining('run the backup again') },
      },
      { name: 'keeps', status: 'ok' },
    ]);
    expect(await listBackups(place(store))).toEqual([]);
  },
);

test('an interrupted backup ends with the reason, lists nothing and gives its leases back, at every call', async () => {
  const clean = new FaultyTarget(new MemoryTarget());
  await backUp([named(clean)]);
  // The last two give the lease back: by then the backup is done.
  for (let call = 1; call <= clean.calls.length - 2; call += 1) {
    const store = new MemoryStore();
    const abort = new AbortController();
    const reason = new Error('interrupted');
    const target = new FaultyTarget(new MemoryTarget({ store }), [{ kind: 'stall', call }]);
    const running = backUp([{ name: 'a', target }], { signal: abort.signal }).catch(
      (error: unknown) => error,
    );
    while (target.calls.length < call) await new Promise(setImmediate);
    abort.abort(reason);
    expect(await running, `call ${call}`).toBe(reason);
    expect(
      [...store.objects.keys()].filter((key) => !key.includes('.tar')),
      `call ${call}`,
    ).toEqual([]);
  }
});
