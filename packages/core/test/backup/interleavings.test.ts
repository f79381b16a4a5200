/**
 * Backups and cleanups at once on one place, their calls in a random order, each killed at a random call or not at all. Whatever
 * comes, every backup that is listed is whole. QUACKUP_INTERLEAVINGS says how many, QUACKUP_SEED where the random numbers begin.
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
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  createBackup,
  listBackups,
  type NamedTarget,
  verifyBackup,
} from '../../src/index.ts';
import { runSql } from '../make-database.ts';
import { at, copyOf, smallDatabase } from './small-place.ts';

const INTERLEAVINGS = Number(process.env['QUACKUP_INTERLEAVINGS'] ?? 300);
const SEED = Number(process.env['QUACKUP_SEED'] ?? 20_260_102);
/** Turns of the event loop in which a run gets to its next call, if it has no file to wait for. */
const SETTLING_TURNS = 40;

/** Decides whose call is next: for some calls one run goes before the others, then another one. */
class Order {
  readonly #preferred: readonly number[];
  readonly #waiting: { readonly run: number; readonly go: () => void }[] = [];
  #next = 0;
  #running = true;

  /** @param preferred Number of the run that goes first, call by call. */
  constructor(preferred: readonly number[]) {
    this.#preferred = preferred;
    void this.#run();
  }

  turn(run: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ run, go: resolve }));
  }

  end(): void {
    this.#running = false;
  }

  async #run(): Promise<void> {
    while (this.#running) {
      for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await new Promise(setImmediate);
      if (this.#waiting.length === 0) continue;
      const run = this.#preferred[this.#next % this.#preferred.length];
      this.#next += 1;
      const place = this.#waiting.findIndex((call) => call.run === run);
      this.#waiting.splice(Math.max(0, place), 1)[0]?.go();
    }
  }
}

/** A process on a machine of its own: its calls wait for their turn, and after its last one it is no more. */
class Process extends MemoryTarget {
  readonly #order: Order;
  readonly #run: number;
  #left: number;

  constructor(store: MemoryStore, order: Order, run: number, calls: number) {
    super({ store });
    this.#order = order;
    this.#run = run;
    this.#left = calls;
  }

  async #call<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#order.turn(this.#run);
    this.#left -= 1;
    if (this.#left < 0) throw new Error('killed');
    return work();
  }

  override put(key: ObjectKey, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo> {
    return this.#call(() => super.put(key, body, options));
  }

  override get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead> {
    return this.#call(() => super.get(key, options));
  }

  override stat(key: ObjectKey, options?: StatOptions): Promise<ObjectInfo | undefined> {
    return this.#call(() => super.stat(key, options));
  }

  override delete(key: ObjectKey, options?: DeleteOptions): Promise<void> {
    return this.#call(() => super.delete(key, options));
  }

  override async *list(options?: ListOptions): AsyncGenerator<ObjectInfo, void, undefined> {
    const infos = await this.#call(async () => {
      const found: ObjectInfo[] = [];
      for await (const info of super.list(options)) found.push(info);
      return found;
    });
    yield* infos;
  }
}

type Work = 'incremental' | 'full' | 'cleanup';

interface Run {
  readonly work: Work;
  /** Calls until it is killed. */
  readonly calls: number;
}

let database: ReturnType<typeof smallDatabase>;
const base = new MemoryStore();
const plain = (store: MemoryStore): NamedTarget => ({ name: 'a', target: new MemoryTarget({ store }) });

beforeAll(async () => {
  database = smallDatabase();
  for (const day of [1, 2, 3]) {
    const { kind } = await createBackup({
      databases: [database.source],
      targets: [plain(base)],
      clock: at(day),
      tempDir: database.folder,
    });
    expect(kind).toBe(day === 1 ? 'full' : 'incremental');
    runSql(database.source.path, `INSERT INTO t VALUES (${-day}, 'more')`);
  }
});
afterAll(() => database[Symbol.dispose]());

async function start(
  { work, calls }: Run,
  minute: number,
  store: MemoryStore,
  order: Order,
): Promise<string> {
  const target = { name: 'a', target: new Process(store, order, minute, calls), limits: { attempts: 1 } };
  const clock = at(20, minute);
  try {
    if (work === 'cleanup') await cleanupBackups(target, { policy: { keepLast: 1 }, clock });
    else {
      await createBackup({
        databases: [database.source],
        targets: [target],
        clock,
        full: work === 'full',
        tempDir: database.folder,
      });
    }
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? 'killed';
  }
}

const run: fc.Arbitrary<Run> = fc.record({
  work: fc.constantFrom<Work>('incremental', 'full', 'cleanup', 'cleanup'),
  calls: fc.oneof(fc.constant(Infinity), fc.nat(40)),
});

const survivor = (work: Work): Run => ({ work, calls: Infinity });
const runs: fc.Arbitrary<readonly Run[]> = fc.oneof(
  fc.array(run, { minLength: 2, maxLength: 3 }),
  // What a cleanup may remove after a full backup, an incremental one that began before may still need.
  fc.shuffledSubarray([survivor('incremental'), survivor('full'), survivor('cleanup')], { minLength: 3 }),
);
const many = (run: number, calls: number): readonly number[] => Array<number>(calls).fill(run);
const bursts: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc
    .array(fc.record({ run: fc.nat(2), calls: fc.integer({ min: 1, max: 25 }) }), {
      minLength: 3,
      maxLength: 20,
    })
    .map((list) => list.flatMap(({ run: id, calls }) => many(id, calls))),
  // One begins, the two others do all that they have to do, then it goes on.
  fc
    .tuple(fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), fc.integer({ min: 1, max: 16 }))
    .map(([[first = 0, second = 1, third = 2], calls]) =>
      [many(first, calls), many(second, 60), many(third, 60), many(first, 60)].flat(),
    ),
);

test(
  'whatever runs at once, and wherever it is killed, what is listed is whole',
  async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(runs, bursts, async (started, preferred) => {
        const store = copyOf(base);
        const order = new Order(preferred);
        const ended = await Promise.all(started.map((each, place) => start(each, place, store, order)));
        order.end();
        const listed = await listBackups(plain(store));
        expect(listed.length).toBeGreaterThan(0);
        for (const { name, damaged } of listed) {
          expect(damaged, name).toBeUndefined();
          expect((await verifyBackup(plain(store), name, { level: 'archive' })).problems, name).toEqual([]);
        }
        for (const [place, { work }] of started.entries()) {
          const what = `${work} ${ended[place]}`;
          outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
        }
      }),
      { numRuns: INTERLEAVINGS, seed: SEED, endOnFailure: true },
    );
    console.info(
      [...outcomes]
        .map(([what, count]) => `${what}: ${count}`)
        .toSorted()
        .join(', '),
    );
    for (const what of ['incremental done', 'full done', 'cleanup done', 'cleanup LEASE_HELD'])
      expect(outcomes.get(what) ?? 0, what).toBeGreaterThan(0);
  },
  INTERLEAVINGS * 10_000,
);
