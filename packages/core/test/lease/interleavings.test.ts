/**
 * Every order in which the calls of several runs may reach one place: fast-check decides whose next call is carried out.
 * Invariant: while a cleanup works no backup does, nor another cleanup, and no two backups work under one name. A step of work that takes longer than the lease
 * allows for counts for nobody: the limits of the target's client see to that.
 */
import type {
  DeleteOptions,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  ObjectKey,
  ObjectRead,
  PutOptions,
  StatOptions,
} from '@quackup/target-api';
import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';

import { QuackupError } from '../../src/index.ts';
import { LAST_STEP_MS } from '../../src/lib/lease/lease-content.ts';
import { acquireBackupLease, acquireCleanupLease, type Lease } from '../../src/lib/lease/lease.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { ControlledClock } from './controlled-clock.ts';

// Each run is one on a machine of its own. And nothing here may wait for the disk: whoever does loses its turn to all others.
vi.mock(import('../../src/lib/process/holder.ts'), async (original) => ({
  ...(await original()),
  ownHolder: async () => ({ place: 'a b c', pid: 1, processStart: 1 }),
  isKnownDeadAnywhere: async () => false,
}));

/** Lets a turn have all its consequences before the next one is given, streams' own among them. */
async function settling(turn: () => Promise<void>): Promise<void> {
  await turn();
  await new Promise(setImmediate);
}

/** A connection whose calls wait for their turn. */
class ScheduledTarget extends MemoryTarget {
  readonly #turn: (label: string) => Promise<void>;

  constructor(store: MemoryStore, putIfAbsent: boolean, turn: (label: string) => Promise<void>) {
    super({ store, capabilities: { putIfAbsent } });
    this.#turn = turn;
  }

  override async put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
    await this.#turn(`put ${key}`);
    const info = await super.put(key, body, options);
    await this.#turn(`answer to put ${key}`);
    return info;
  }

  override async get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead> {
    await this.#turn(`get ${key}`);
    return super.get(key, options);
  }

  override async stat(key: ObjectKey, options?: StatOptions): Promise<ObjectInfo | undefined> {
    await this.#turn(`stat ${key}`);
    return super.stat(key, options);
  }

  override async *list(options?: ListOptions): AsyncGenerator<ObjectInfo, void> {
    await this.#turn('list');
    yield* super.list(options);
  }

  override async delete(key: ObjectKey, options?: DeleteOptions): Promise<void> {
    await this.#turn(`delete ${key}`);
    return super.delete(key, options);
  }
}

interface Run {
  readonly kind: 'backup' | 'cleanup';
  /** Half minutes that it waits before it begins. */
  readonly delay: number;
  /** How many steps its work has. */
  readonly steps: number;
  /** Whether it is killed after so many of them, and its lease stays. */
  readonly crashesAfter: number | undefined;
  /** How far its clock is ahead, in minutes. */
  readonly skew: number;
}

const arbitraryRun: fc.Arbitrary<Run> = fc.record({
  kind: fc.constantFrom('backup', 'cleanup'),
  delay: fc.integer({ min: 0, max: 30 }),
  steps: fc.integer({ min: 1, max: 30 }),
  crashesAfter: fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined }),
  skew: fc.constantFrom(-2.5, 0, 2.5),
});

async function together(
  scheduler: fc.Scheduler,
  runs: readonly Run[],
  putIfAbsent: boolean,
): Promise<readonly string[]> {
  const clock = new ControlledClock();
  const store = new MemoryStore({ now: () => clock.now() });
  const working: {
    readonly name: string;
    readonly kind: string;
    readonly on: string;
    readonly since: number;
  }[] = [];
  const check = (): void => {
    const inTime = working.filter(({ since }) => clock.now().getTime() - since <= LAST_STEP_MS);
    if (inTime.some(({ kind }) => kind === 'cleanup')) expect(inTime.map(({ name }) => name)).toHaveLength(1);
    expect(new Set(inTime.map(({ on }) => on)).size).toBe(inTime.length);
  };
  const outcomes = runs.map(async (run, index) => {
    const turn = async (label: string): Promise<void> =>
      scheduler.schedule(Promise.resolve(), `${index} ${label}`);
    const limits = { stallMs: 3_600_000 };
    const client = new TargetClient({
      name: 'a',
      target: new ScheduledTarget(store, putIfAbsent, turn),
      limits,
    });
    const own = clock.ahead(run.skew);
    for (let waited = 0; waited < run.delay; waited += 1) {
      await turn('waits');
      clock.advance(0.5);
    }
    const on = run.kind === 'backup' ? `backup_20260101_00000${index % 2}` : `cleanup ${index}`;
    let lease: Lease | undefined;
    try {
      lease =
        run.kind === 'cleanup'
          ? await acquireCleanupLease(client, own)
          : await acquireBackupLease(client, on, own);
    } catch (error) {
      if (error instanceof QuackupError && error.code === 'LEASE_HELD') return 'held up';
      throw error;
    }
    if (lease === undefined) return 'name taken';
    const name = `${run.kind} ${index}`;
    for (let step = 0; step < run.steps; step += 1) {
      // Killed: its work is over, its lease stays.
      if (run.crashesAfter === step) return 'killed';
      try {
        lease.throwIfLost();
      } catch {
        return 'lost';
      }
      working.push({ name, kind: run.kind, on, since: clock.now().getTime() });
      check();
      await turn('works');
      working.splice(
        working.findIndex((each) => each.name === name),
        1,
      );
      clock.advance(0.5);
    }
    await lease[Symbol.asyncDispose]();
    return 'done';
  });
  return scheduler.waitFor(Promise.all(outcomes));
}

const seen = new Set<string>();

test.each([true, false])(
  'a cleanup never works while anybody else does (put if absent: %s)',
  async (putIfAbsent) => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler({ act: settling }),
        fc.array(arbitraryRun, { minLength: 2, maxLength: 3 }),
        async (scheduler, runs) => {
          for (const outcome of await together(scheduler, runs, putIfAbsent)) seen.add(outcome);
        },
      ),
      { numRuns: 700 },
    );
    expect(seen).toEqual(new Set(['done', 'held up', 'name taken', 'killed', 'lost']));
  },
);
