import { objectKey, type ObjectRead, type StorageTarget, TargetError } from '@quackup/target-api';
import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readAhead, type ReadAheadOptions } from '../../src/lib/target/read-ahead.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { named } from '../backup/small-place.ts';

const KEY = objectKey('a');
const bytesOf = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, at) => (at * 7) % 251));

/** A clock by which everything takes long: ranges are read side by side. */
const slowly = (): (() => number) => {
  let ms = 0;
  return () => (ms += 1000);
};

/** A body that is destroyed says so a moment later. */
const closed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Watched {
  readonly target: StorageTarget;
  /** Ranges that were asked for, as `start-end`. */
  readonly asked: string[];
  open: number;
  mostOpen: number;
}

/** Counts bodies that are open. */
function watched(bytes: Buffer, parallelReads: number, plan: readonly Fault[] = []): Watched {
  const store = new MemoryStore();
  store.set('a', bytes);
  const inner = new FaultyTarget(new MemoryTarget({ store }), plan);
  const state: Watched = {
    asked: [],
    open: 0,
    mostOpen: 0,
    target: Object.assign(inner, { parallelReads }),
  };
  const get = inner.get.bind(inner);
  inner.get = async (key, options): Promise<ObjectRead> => {
    state.asked.push(`${options?.range?.start ?? 0}-${options?.range?.end ?? ''}`);
    const read = await get(key, options);
    state.open += 1;
    state.mostOpen = Math.max(state.mostOpen, state.open);
    read.body.once('close', () => (state.open -= 1));
    return read;
  };
  return state;
}

const clientOf = (target: StorageTarget, concurrency?: number): TargetClient =>
  new TargetClient({
    ...named(target),
    limits: { ...named(target).limits, ...(concurrency !== undefined && { concurrency }) },
  });

async function collect(client: TargetClient, options: ReadAheadOptions): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readAhead(client, KEY, options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('gives every byte in order, whatever the sizes and wherever a request breaks off', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        size: fc.integer({ min: 0, max: 700_000 }),
        start: fc.integer({ min: 0, max: 200_000 }),
        rangeBytes: fc.integer({ min: 20_000, max: 300_000 }),
        lanes: fc.integer({ min: 1, max: 5 }),
        isSlow: fc.boolean(),
        plan: fc.array(
          fc.record({
            kind: fc.constantFrom('fail' as const, 'cut' as const, 'fail-after' as const),
            call: fc.integer({ min: 1, max: 12 }),
            operation: fc.constant('get' as const),
          }),
          { maxLength: 2 },
        ),
      }),
      async ({ size, start, rangeBytes, lanes, isSlow, plan }) => {
        const bytes = bytesOf(size);
        const state = watched(bytes, lanes, plan);
        const nowMs = isSlow ? slowly() : () => 0;
        const read = await collect(clientOf(state.target), { start, rangeBytes, nowMs });
        expect(read.equals(bytes.subarray(start))).toBe(true);
        expect(state.mostOpen).toBeLessThanOrEqual(lanes);
        expect(state.open).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

test('reads as many ranges at a time as the target says, and begins no other before the first has been taken', async () => {
  const state = watched(bytesOf(1000), 3);
  const pieces = readAhead(clientOf(state.target), KEY, { rangeBytes: 100, nowMs: slowly() });
  await pieces.next();
  expect(state.asked).toEqual(['0-100']);
  await pieces.next();
  // Nobody takes anything: what has been asked for comes, and no more.
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(state.asked).toEqual(['0-100', '100-200', '200-300', '300-400']);
  await pieces.next();
  expect(state.asked.at(-1)).toBe('400-500');
  await pieces.return();
  await closed();
  expect(state.open).toBe(0);
});

test('asks for the rest in one request if its reader hardly has to wait', async () => {
  const state = watched(bytesOf(1000), 4);
  await collect(clientOf(state.target), { rangeBytes: 100, nowMs: () => 0 });
  expect(state.asked).toEqual(['0-100', '100-']);
});

test('is one request for an object that fits, and where the target or the configuration says so', async () => {
  const small = watched(bytesOf(100), 4);
  await collect(clientOf(small.target), { rangeBytes: 100 });
  expect(small.asked).toEqual(['0-100']);
  const disk = watched(bytesOf(1000), 1);
  await collect(clientOf(disk.target), { rangeBytes: 100 });
  expect(disk.asked).toEqual(['0-']);
  const limited = watched(bytesOf(1000), 4);
  await collect(clientOf(limited.target, 1), { rangeBytes: 100 });
  expect(limited.asked).toEqual(['0-']);
});

test('is one request after one where something on the way takes a range for everything', async () => {
  const error = new TargetError('CORRUPT', 'asked for a range, got everything');
  const state = watched(bytesOf(1000), 4, [{ kind: 'fail', call: 1, error }]);
  expect(await collect(clientOf(state.target), { rangeBytes: 100 })).toEqual(bytesOf(1000));
  expect(state.asked).toEqual(['0-100', '0-']);
});

test.each(['slowly', 'fast'])('notices that the object is replaced while it is read %s', async (pace) => {
  const store = new MemoryStore();
  store.set('a', bytesOf(1000));
  const target = Object.assign(new FaultyTarget(new MemoryTarget({ store })), { parallelReads: 2 });
  const nowMs = pace === 'slowly' ? slowly() : () => 0;
  const pieces = readAhead(clientOf(target), KEY, { rangeBytes: 100, nowMs });
  await pieces.next();
  store.set('a', bytesOf(1000).toReversed());
  const rest = async (): Promise<void> => {
    for await (const _ of pieces);
  };
  await expect(rest()).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
});

test('notices a range that gives too little', async () => {
  const inner = new MemoryTarget();
  const client = clientOf(
    Object.assign(new FaultyTarget(inner), {
      parallelReads: 2,
      get: async (key: typeof KEY, options?: { range?: { start: number; end?: number } }) => {
        const { start = 0, end = 1000 } = options?.range ?? {};
        return await inner.get(key, { range: { start, end: start === 300 ? end - 1 : end } });
      },
    }),
  );
  await client.put(
    KEY,
    (async function* () {
      yield bytesOf(1000);
    })(),
  );
  await expect(collect(client, { rangeBytes: 100, nowMs: slowly() })).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    message: 'a gave 99 bytes where there must be 100',
  });
});

test('ends with the reason of the caller, and leaves nothing open', async () => {
  const state = watched(bytesOf(1000), 3, [{ kind: 'stall', call: 3, afterBytes: 10 }]);
  const abort = new AbortController();
  const client = clientOf(state.target).under(abort.signal);
  const reading = collect(client, { rangeBytes: 100, nowMs: slowly() });
  const reason = new Error('enough');
  setImmediate(() => abort.abort(reason));
  await expect(reading).rejects.toBe(reason);
  await closed();
  expect(state.open).toBe(0);
});
