/** What a target's limits do: the upload rate, the budget for further tries, timeouts; and secrets in errors. */
import { inspect } from 'node:util';

import { objectKey, TargetError } from '@quackup/target-api';
import { FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, test } from 'vitest';

import type { Pace } from '../../src/lib/target/pace.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { QUICK } from '../backup/small-place.ts';

const KEY = objectKey('a');

/** A clock that stands still but for what is waited. */
class FakePace implements Pace {
  ms = 0;
  readonly waits: number[] = [];
  readonly #dice: number;

  constructor(dice = 0.5) {
    this.#dice = dice;
  }

  nowMs(): number {
    return this.ms;
  }

  async wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.waits.push(milliseconds);
    this.ms += milliseconds;
  }

  random(): number {
    return this.#dice;
  }
}

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(size);
}

describe('maxUploadRate', () => {
  const limits = { ...QUICK, stallMs: 3_600_000, maxUploadRate: 1000 };

  test('a put takes as long as its bytes take at that rate', async () => {
    const pace = new FakePace();
    const store = new MemoryStore();
    const client = new TargetClient({ name: 'a', target: new MemoryTarget({ store }), limits }, { pace });
    expect(await client.put(KEY, pieces(50, 100))).toMatchObject({ size: 5000 });
    // All but the burst of a quarter of a second is waited for.
    expect(pace.ms).toBeCloseTo(4750, 6);
    expect(store.bytes(KEY)).toHaveLength(5000);
  });

  test('all clients of a target share it, and another target has its own', async () => {
    const pace = new FakePace();
    const target = new MemoryTarget();
    for (const key of ['a', 'b'])
      await new TargetClient({ name: 'a', target, limits }, { pace }).put(objectKey(key), pieces(1, 1000));
    expect(pace.ms).toBeCloseTo(1750, 6);
    await new TargetClient({ name: 'b', target: new MemoryTarget(), limits }, { pace }).put(
      KEY,
      pieces(1, 250),
    );
    expect(pace.ms).toBeCloseTo(1750, 6);
  });

  test('a lease does not wait behind an archive, but what it sends is counted', async () => {
    const pace = new FakePace();
    const target = new MemoryTarget();
    const client = new TargetClient({ name: 'a', target, limits }, { pace });
    await client.put(KEY, pieces(1, 5000));
    const before = pace.ms;
    await client.putText(objectKey('lease'), 'x'.repeat(500));
    expect(pace.ms).toBe(before);
    await client.put(KEY, pieces(1, 1));
    expect(pace.ms - before).toBeCloseTo(501, 6);
  });

  test('the wait ends with an abort, and its body is closed', async () => {
    const abort = new AbortController();
    const reason = new Error('interrupted');
    let closed = false;
    const body = (async function* () {
      try {
        for (;;) yield new Uint8Array(10_000_000);
      } finally {
        closed = true;
      }
    })();
    const target = new MemoryTarget();
    const client = new TargetClient({ name: 'a', target, limits }, { signal: abort.signal });
    const putting = expect(client.put(KEY, body)).rejects.toBe(reason);
    abort.abort(reason);
    await putting;
    expect(closed).toBe(true);
    expect(await target.stat(KEY)).toBeUndefined();
  });
});

const failing = (times = Infinity): FaultyTarget =>
  new FaultyTarget(new MemoryTarget(), [{ kind: 'fail', call: 1, times }]);

describe('further tries', () => {
  test('come after a pause of anything up to twice the one before', async () => {
    for (const [dice, waits] of [
      [0, [0, 0, 0]],
      [0.5, [50, 100, 200]],
      [1, [100, 200, 400]],
    ] as const) {
      const pace = new FakePace(dice);
      const limits = { attempts: 4, retryMs: 100 };
      const client = new TargetClient({ name: 'a', target: failing(), limits }, { pace });
      await expect(client.stat(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(pace.waits).toEqual(waits);
    }
  });

  test('are counted over all calls to a target: one that is down fails at once in the end', async () => {
    const target = failing();
    const limits = { ...QUICK, attempts: 4, retryBudget: 5 };
    const client = new TargetClient({ name: 'a', target, limits });
    for (let call = 0; call < 10; call += 1) await expect(client.stat(KEY)).rejects.toThrow();
    // Ten first tries and five more.
    expect(target.calls).toHaveLength(15);
    await expect(new TargetClient({ name: 'a', target, limits }).delete(KEY)).rejects.toThrow();
    expect(target.calls).toHaveLength(16);
  });

  test('are given back by calls that succeed, one for ten', async () => {
    const target = new FaultyTarget(new MemoryTarget(), [
      { kind: 'fail', call: 1 },
      { kind: 'fail', call: 12 },
      { kind: 'fail', call: 14 },
    ]);
    const client = new TargetClient({ name: 'a', target, limits: { ...QUICK, retryBudget: 1 } });
    for (let call = 0; call < 10; call += 1) await client.stat(KEY);
    expect(target.calls).toHaveLength(11);
    await client.stat(KEY);
    expect(target.calls).toHaveLength(13);
    await expect(client.stat(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('are none where there is one attempt, or no budget', async () => {
    for (const limits of [{ attempts: 1 }, { retryBudget: 0 }]) {
      const target = failing(1);
      await expect(new TargetClient({ name: 'a', target, limits }).stat(KEY)).rejects.toThrow();
    }
  });
});

test('a question is given up sooner than data that stands still', async () => {
  const target = new FaultyTarget(new MemoryTarget(), [{ kind: 'hang', call: 1, times: Infinity }]);
  const limits = { stallMs: 3_600_000, requestMs: 10 };
  const client = new TargetClient({ name: 'a', target, limits });
  const stalled = { message: expect.stringContaining('made no progress for 0.01 s') };
  await expect(client.stat(KEY)).rejects.toMatchObject(stalled);
  await expect(client.delete(KEY)).rejects.toMatchObject(stalled);
  await expect(client.list().next()).rejects.toMatchObject(stalled);
  await expect(client.readText(KEY, 10)).rejects.toMatchObject(stalled);
});

describe('secrets in errors', () => {
  const secrets = ['hunter22', 'hunter22/long'];
  const clientThatFailsWith = (error: unknown): TargetClient =>
    new TargetClient({
      name: 'a',
      secrets,
      limits: QUICK,
      target: new FaultyTarget(new MemoryTarget(), [{ kind: 'fail', call: 1, times: Infinity, error }]),
    });

  test('are hidden wherever they are, and the rest of the error stays', async () => {
    const cause = new Error('of hunter22', { cause: new Error('of hunter22/long too') });
    for (const error of [
      new TargetError('ACCESS_DENIED', 'no entry for hunter22/long', { hint: 'not hunter22', cause }),
      new TargetError('ACCESS_DENIED', 'no entry', { hint: 'look', cause }),
    ]) {
      const found = await clientThatFailsWith(error)
        .stat(KEY)
        .catch((thrown: unknown) => thrown);
      expect(found).toMatchObject({
        code: 'ACCESS_DENIED',
        retryable: false,
        message: expect.stringContaining('no entry'),
      });
      const shown = inspect(found, { depth: 10, showHidden: true });
      expect(shown).not.toContain('hunter22');
      expect(shown).toContain('of *** too');
    }
  });

  test('that are not there leave the error itself', async () => {
    const error = new TargetError('ACCESS_DENIED', 'no entry', { cause: new Error('why') });
    await expect(clientThatFailsWith(error).stat(KEY)).rejects.toBe(error);
  });
});
