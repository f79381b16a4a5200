import { spawn } from 'node:child_process';
import { once } from 'node:events';

import {
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  objectKey,
  type PutOptions,
  TargetError,
} from '@quackup/target-api';
import { FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { QuackupError } from '../../src/index.ts';
import { acquireBackupLease, acquireCleanupLease, type Lease } from '../../src/lib/lease/lease.ts';
import { ownHolder } from '../../src/lib/process/holder.ts';
import { processStart } from '../../src/lib/process/process-identity.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { named } from '../backup/small-place.ts';
import { ControlledClock } from './controlled-clock.ts';

const NAME = 'backup_20260101_000000';
const BACKUP = `leases/${NAME}.json`;
const HELD = { code: 'LEASE_HELD' };

let clock: ControlledClock;
let store: MemoryStore;
let client: TargetClient;

beforeEach(() => {
  clock = new ControlledClock();
  store = new MemoryStore({ now: () => clock.now() });
  client = new TargetClient(named(new MemoryTarget({ store })));
});

const backUp = (over = client, by = clock.ahead(0)): Promise<Lease | undefined> =>
  acquireBackupLease(over, NAME, by);
const cleanUp = (over = client, by = clock.ahead(0)): Promise<Lease> => acquireCleanupLease(over, by);
const release = async (lease: Lease | undefined): Promise<void> => lease?.[Symbol.asyncDispose]();
const leases = (): string[] => [...store.objects.keys()];
const contentOf = (key: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(store.objects.get(key) ?? []).toString()) as Record<string, unknown>;
const change = (key: string, changes: Record<string, unknown>): void =>
  store.set(key, Buffer.from(JSON.stringify({ ...contentOf(key), ...changes })));

/** Minutes pass, with all that happens in them every minute. */
async function passes(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    clock.advance(1);
    await vi.advanceTimersByTimeAsync(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
async function withFakeTimers(work: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
  try {
    await work();
  } finally {
    vi.useRealTimers();
  }
}

describe('who may work beside whom', () => {
  test('backups may, with each other', async () => {
    const first = await backUp();
    const second = await acquireBackupLease(client, `${NAME}_2`, clock);
    expect([first, second]).not.toContain(undefined);
    expect(leases()).toHaveLength(2);
    await release(first);
    await release(second);
    expect(leases()).toEqual([]);
  });

  test('a cleanup may not: it steps back from a backup, says who, and leaves no lease', async () => {
    const backup = await backUp();
    await expect(cleanUp()).rejects.toMatchObject({
      ...HELD,
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(leases()).toEqual([BACKUP]);
    await release(backup);
    await release(await cleanUp());
    expect(leases()).toEqual([]);
  });

  test('a backup steps back from a cleanup, and a second cleanup from the first', async () => {
    const cleanup = await cleanUp();
    await expect(backUp()).rejects.toMatchObject(HELD);
    await expect(cleanUp()).rejects.toMatchObject(HELD);
    expect(leases()).toHaveLength(1);
    await release(cleanup);
    await release(await backUp());
  });

  test('a name is given to one backup only, and an equal moment does not make two runs one', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => backUp()));
    expect(answers.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  test('without put if absent a name is never given to two backups', async () => {
    const weak = new TargetClient(named(new MemoryTarget({ store, capabilities: { putIfAbsent: false } })));
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 3 }, () => backUp(weak)));
      const held = answers.filter((lease) => lease !== undefined);
      expect(held.length).toBeLessThanOrEqual(1);
      expect(leases()).toHaveLength(held.length);
      await Promise.all(held.map(release));
    }
    const alone = await backUp(weak);
    expect(alone).toBeDefined();
    expect(await backUp(weak)).toBeUndefined();
    await release(alone);
  });

  test('one whose first answer was lost still gets its lease', async () => {
    const faulty = new FaultyTarget(new MemoryTarget({ store }), [{ kind: 'fail-after', call: 1 }]);
    const lease = await backUp(new TargetClient(named(faulty)));
    expect(lease).toBeDefined();
    await release(lease);
  });

  test('one that could not look takes its announcement back', async () => {
    for (const error of [new TargetError('ACCESS_DENIED', 'no'), new Error('unforeseen')]) {
      for (const operation of ['list', 'put'] as const) {
        const kind = operation === 'put' ? 'fail-after' : 'fail';
        const faulty = new FaultyTarget(new MemoryTarget({ store }), [{ kind, operation, call: 1, error }]);
        await expect(backUp(new TargetClient(named(faulty)))).rejects.toBe(error);
        expect(leases()).toEqual([]);
      }
    }
  });

  test('one that fails does not take back the announcement of another one', async () => {
    const first = await backUp();
    const faulty = new FaultyTarget(new MemoryTarget({ store }), [
      { kind: 'fail', call: 1, error: new TargetError('ACCESS_DENIED', 'no') },
    ]);
    await expect(backUp(new TargetClient(named(faulty)))).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    expect(leases()).toEqual([BACKUP]);
    await release(first);
  });

  test('an interrupted run gives its lease back', async () => {
    const abort = new AbortController();
    const lease = await backUp(
      new TargetClient(named(new MemoryTarget({ store })), { signal: abort.signal }),
    );
    abort.abort(new Error('interrupted'));
    await release(lease);
    expect(leases()).toEqual([]);
  });
});

describe('a lease', () => {
  test('of a run on another machine counts for its term and the margin for clocks, and is then removed', async () => {
    await backUp();
    change(BACKUP, { place: 'elsewhere some-boot pid:[1]' });
    clock.advance(15);
    await expect(cleanUp()).rejects.toMatchObject(HELD);
    clock.advance(0.02);
    const cleanup = await cleanUp();
    expect(leases()).toHaveLength(1);
    expect(leases()).not.toContain(BACKUP);
    await release(cleanup);
  });

  test.each([
    { clocks: 'is five minutes ahead', ahead: 5 },
    { clocks: 'is five minutes behind', ahead: -5 },
  ])('holds as long as its holder may work if the other clock $clocks', async ({ ahead }) => {
    const lease = await backUp();
    for (let minute = 0; minute < 8; minute += 1) {
      lease?.throwIfLost();
      await expect(cleanUp(client, clock.ahead(ahead))).rejects.toMatchObject(HELD);
      clock.advance(1);
    }
    expect(() => lease?.throwIfLost()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
  });

  test('is renewed while its holder works, however long that takes', async () => {
    await withFakeTimers(async () => {
      const lease = await backUp();
      await passes(60);
      lease?.throwIfLost();
      expect(contentOf(BACKUP)).toMatchObject({
        expiresAt: new Date(clock.now().getTime() + 600_000).toISOString(),
      });
      await expect(cleanUp()).rejects.toMatchObject(HELD);
      await release(lease);
      await passes(3);
      expect(leases()).toEqual([]);
    });
  });

  test.each(['fail', 'hang', 'fail-after'] as const)(
    'is not lost by a renewal that meets a %s, if a later one is in time',
    async (kind) => {
      await withFakeTimers(async () => {
        const faulty = new FaultyTarget(new MemoryTarget({ store }), [
          { kind, operation: 'put', call: 2, times: 3 },
        ]);
        const lease = await backUp(
          new TargetClient({ ...named(faulty), limits: { attempts: 1, stallMs: 30_000 } }),
        );
        await passes(15);
        lease?.throwIfLost();
        expect(lease?.signal.aborted).toBe(false);
        await release(lease);
        expect(leases()).toEqual([]);
      });
    },
  );

  test.each(['fail', 'hang'] as const)(
    'that cannot be renewed in time is lost when its term is over (%s)',
    async (kind) => {
      await withFakeTimers(async () => {
        const faulty = new FaultyTarget(new MemoryTarget({ store }), [
          { kind, operation: 'put', call: 2, times: Infinity },
        ]);
        const lease = await backUp(
          new TargetClient({ ...named(faulty), limits: { attempts: 1, stallMs: 3_600_000 } }),
        );
        await passes(7);
        expect(lease?.signal.aborted).toBe(false);
        await passes(1);
        expect(lease?.signal.reason as QuackupError).toMatchObject({
          code: 'LEASE_LOST',
          message: expect.stringContaining('ran out'),
        });
        await release(lease);
      });
    },
  );

  test('of a machine that slept is lost at once when it wakes, before any renewal', async () => {
    const lease = await backUp();
    clock.advance(600);
    expect(() => lease?.throwIfLost()).toThrow(expect.objectContaining({ code: 'LEASE_LOST' }));
  });

  test('that is removed by hand is noticed, and not brought back', async () => {
    await withFakeTimers(async () => {
      const lease = await backUp();
      store.remove(BACKUP);
      await passes(1);
      expect(() => lease?.throwIfLost()).toThrow(
        expect.objectContaining({ code: 'LEASE_LOST', message: expect.stringContaining('was removed') }),
      );
      await release(lease);
      expect(leases()).toEqual([]);
    });
  });

  test('that somebody else has put in its place stays theirs', async () => {
    await withFakeTimers(async () => {
      const lease = await backUp();
      change(BACKUP, { id: 'theirs' });
      await passes(1);
      expect(lease?.signal.aborted).toBe(true);
      await release(lease);
      expect(contentOf(BACKUP)).toMatchObject({ id: 'theirs' });
    });
  });

  test('is not brought back by a renewal that is under way when it is released', async () => {
    await withFakeTimers(async () => {
      const late = Promise.withResolvers<void>();
      let puts = 0;
      /** Its second put is carried out late, unless it is aborted before. */
      class LateTarget extends MemoryTarget {
        override async put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
          puts += 1;
          if (puts === 2) await late.promise;
          return super.put(key, body, options);
        }
      }
      const lease = await backUp(new TargetClient({ name: 'a', target: new LateTarget({ store }) }));
      await passes(1);
      expect(puts).toBe(2);
      await release(lease);
      late.resolve();
      await passes(1);
      expect(leases()).toEqual([]);
    });
  });
});

describe('the lease of a process on this machine', () => {
  test('is taken over at once when the process is gone, and never while it lives', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    const { place } = await ownHolder();
    if (child.pid === undefined) throw new Error('no child');
    const holder = { place, pid: child.pid, processStart: await processStart(child.pid) };
    const lease = await backUp();
    await release(lease);
    store.set(
      BACKUP,
      Buffer.from(
        JSON.stringify({
          id: 'a',
          kind: 'backup',
          ...holder,
          acquiredAt: clock.now(),
          expiresAt: clock.ahead(10).now(),
        }),
      ),
    );
    await expect(cleanUp()).rejects.toMatchObject(HELD);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await release(await cleanUp());
    expect(leases()).toEqual([]);
  });

  test('is that of another process if only the process id is the same', async () => {
    await backUp();
    change(BACKUP, { processStart: 1 });
    await release(await cleanUp());
    expect(leases()).toEqual([]);
  });

  test.each([
    { what: 'after another boot', place: (own: string[]) => [own[0], 'other-boot', own[2]] },
    { what: 'in another container', place: (own: string[]) => [own[0], own[1], 'pid:[1]'] },
  ])('$what may be that of another machine of the same name: it counts for its term', async ({ place }) => {
    await backUp();
    const own = (await ownHolder()).place.split(' ');
    change(BACKUP, { place: place(own).join(' '), pid: 999_999_999 });
    await expect(cleanUp()).rejects.toMatchObject(HELD);
  });
});

describe('an object below leases/ that cannot be read', () => {
  test.each([
    { what: 'empty', text: '' },
    { what: 'cut off', text: '{"kind":"backup","place":"a' },
    { what: 'of other content', text: '{"kind":"party"}' },
    { what: 'large', text: 'x'.repeat(100_000) },
    { what: 'binary', text: '\0\u0001\u0002' },
  ])('because it is $what counts for a term, as what its key says, and goes then', async ({ text }) => {
    store.set(BACKUP, Buffer.from(text));
    await expect(cleanUp()).rejects.toMatchObject(HELD);
    const other = await acquireBackupLease(client, `${NAME}_2`, clock);
    expect(other).toBeDefined();
    await release(other);
    expect(await backUp()).toBeUndefined();
    store.set('leases/cleanup_x.json', Buffer.from(text));
    await expect(acquireBackupLease(client, `${NAME}_2`, clock)).rejects.toMatchObject(HELD);
    clock.advance(16);
    await release(await cleanUp());
    expect(leases()).toEqual([]);
  });

  test('because it is no lease at all holds nobody up and stays', async () => {
    const foreign = [
      'leases/probe_12',
      'leases/readme.txt',
      'leases/backup_x/y.json',
      'leasesx/cleanup_1.json',
    ];
    for (const key of foreign) store.set(key, Buffer.from('mine'));
    clock.advance(600);
    await release(await cleanUp());
    await release(await backUp());
    expect(leases()).toEqual(foreign.toSorted());
  });
});

test('a dead lease that may not be deleted holds nobody up', async () => {
  store.set(BACKUP, Buffer.from('garbage'));
  clock.advance(16);
  const inner = new MemoryTarget({ store });
  const faulty = new FaultyTarget(inner, [
    {
      kind: 'fail',
      operation: 'delete',
      call: 1,
      times: Infinity,
      error: new TargetError('ACCESS_DENIED', 'worm'),
    },
  ]);
  const lease = await cleanUp(new TargetClient(named(faulty)));
  lease.throwIfLost();
  await release(lease);
  expect(await inner.stat(objectKey(BACKUP))).toBeDefined();
});
