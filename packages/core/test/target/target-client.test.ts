import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';

import { type ObjectKey, objectKey, type StorageTarget, TargetError } from '@quackup/target-api';
import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, test } from 'vitest';

import { TargetClient } from '../../src/lib/target/target-client.ts';
import { named, QUICK } from '../backup/small-place.ts';

const KEY = objectKey('a');
const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const LONG = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

function disturbed(
  plan: readonly Fault[],
  store = new MemoryStore(),
): { client: TargetClient; target: FaultyTarget; store: MemoryStore } {
  const target = new FaultyTarget(new MemoryTarget({ store }), plan);
  return { target, store, client: new TargetClient(named(target)) };
}
/** A target with some of its operations replaced. */
function target(changes: Partial<StorageTarget>, store = new MemoryStore()): StorageTarget {
  const inner = new MemoryTarget({ store });
  return {
    apiVersion: 1,
    type: 'memory',
    displayName: 'memory',
    capabilities: inner.capabilities,
    put: (key, body, options) => inner.put(key, body, options),
    get: (key, options) => inner.get(key, options),
    stat: (key, options) => inner.stat(key, options),
    list: (options) => inner.list(options),
    delete: (key, options) => inner.delete(key, options),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
    ...changes,
  };
}
async function* bodyOf(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}
async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
const textOf = (store: MemoryStore, key = 'a'): string | undefined => {
  const bytes = store.objects.get(key);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
};
const never = (): Promise<never> => new Promise(() => {});
/** Three times as long as a target may stand still. Not a wait for something to happen: nothing may. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3 * (QUICK.stallMs ?? 0)));
const failing = (when: (body: Readable) => void): StorageTarget =>
  target({
    get: async (key: ObjectKey) => {
      const body = new Readable({ read() {} });
      when(body);
      return { info: { key, size: 10, modifiedAt: new Date(0) }, body };
    },
  });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('another try', () => {
  test.each(['fail', 'cut'] as const)('after a %s stores a text once and whole', async (kind) => {
    const { client, target: faulty, store } = disturbed([{ kind, call: 1, times: 2, operation: 'put' }]);
    expect(await client.putText(KEY, 'text', IF_ABSENT)).toMatchObject({ key: 'a', size: 4 });
    expect(textOf(store)).toBe('text');
    expect(faulty.calls.map(({ operation }) => operation)).toEqual(['put', 'stat', 'put', 'stat', 'put']);
  });

  test('finds out that the first one was done, though its answer was lost', async () => {
    const { client, target: faulty, store } = disturbed([{ kind: 'fail-after', call: 1 }]);
    const info = await client.putText(KEY, 'text', IF_ABSENT);
    expect(info).toEqual(store.info(KEY));
    expect(info.etag).toBe('"1"');
    expect(faulty.calls.map(({ operation }) => operation)).toEqual(['put', 'stat', 'get']);
  });

  test('does not take somebody else’s object for its own', async () => {
    for (const theirs of ['text of others', 'TEXT']) {
      const store = new MemoryStore();
      store.set('a', Buffer.from(theirs));
      const { client } = disturbed([{ kind: 'fail', call: 1 }], store);
      await expect(client.putText(KEY, 'text', IF_ABSENT)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
      expect(textOf(store)).toBe(theirs);
    }
  });

  test('does not come for a condition that fails at once, even if the object is the same text', async () => {
    const store = new MemoryStore();
    store.set('a', Buffer.from('text'));
    await expect(disturbed([], store).client.putText(KEY, 'text', IF_ABSENT)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  test('ends after as many as there may be, with the last error', async () => {
    const { client, target: faulty } = disturbed([{ kind: 'fail', call: 1, times: Infinity }]);
    await expect(client.stat(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(faulty.calls).toHaveLength(QUICK.attempts ?? 0);
  });

  test('does not come for an error that is final, nor for a stall', async () => {
    for (const fault of [
      { kind: 'fail', error: new TargetError('ACCESS_DENIED', 'no') },
      { kind: 'hang' },
    ] as const) {
      const { client, target: faulty } = disturbed([{ ...fault, call: 1 }]);
      await expect(client.delete(KEY)).rejects.toMatchObject({ name: 'TargetError', retryable: false });
      expect(faulty.calls).toHaveLength(1);
    }
  });

  test('of a put comes if nothing of the body was read, and not after that: a stream cannot be read twice', async () => {
    const early = disturbed([{ kind: 'fail', call: 1 }]);
    expect(await early.client.put(KEY, bodyOf('one', 'two'))).toMatchObject({ size: 6 });
    expect(textOf(early.store)).toBe('onetwo');
    const late = disturbed([{ kind: 'cut', call: 1 }]);
    await expect(late.client.put(KEY, bodyOf('one', 'two'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(late.target.calls).toHaveLength(1);
    expect(textOf(late.store)).toBeUndefined();
  });

  test('waits longer each time, and no longer than until it is aborted', async () => {
    const faulty = new FaultyTarget(new MemoryTarget(), [{ kind: 'fail', call: 1, times: Infinity }]);
    const abort = new AbortController();
    const limits = { attempts: 4, retryMs: 3_600_000 };
    const client = new TargetClient({ name: 'a', target: faulty, limits }, { signal: abort.signal });
    const reason = new Error('enough');
    const calling = expect(client.stat(KEY)).rejects.toBe(reason);
    await settled();
    expect(faulty.calls).toHaveLength(1);
    abort.abort(reason);
    await calling;
    expect(faulty.calls).toHaveLength(1);
  });

  test.each(['fail', 'cut', 'fail-after'] as const)(
    'after a %s reads on where the first one ended',
    async (kind) => {
      const store = new MemoryStore();
      store.set('a', LONG);
      const { client, target: faulty } = disturbed([{ kind, call: 1 }], store);
      expect(Buffer.concat(await collect(client.read(KEY))).equals(LONG)).toBe(true);
      expect(await client.readRange(KEY, 1000, 200_000)).toEqual(LONG.subarray(1000, 201_000));
      expect(faulty.calls).toHaveLength(3);
    },
  );

  test('reads a range on where it was cut off', async () => {
    const store = new MemoryStore();
    store.set('a', LONG);
    const { client } = disturbed([{ kind: 'cut', call: 1, afterBytes: 70_000 }], store);
    expect(await client.readRange(KEY, 1000, 200_000)).toEqual(LONG.subarray(1000, 201_000));
  });

  test('never joins two versions of an object', async () => {
    const store = new MemoryStore();
    store.set('a', LONG);
    const { client } = disturbed([{ kind: 'cut', call: 1 }], store);
    const reading = client.read(KEY);
    await reading.next();
    store.set('a', Buffer.alloc(LONG.length));
    await expect(collect(reading)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  });

  test('of a list shows every key once, in order', async () => {
    const store = new MemoryStore();
    const keys = ['a', 'b', 'c', 'd', 'e'];
    for (const key of keys) store.set(key, Buffer.from(key));
    // Each list gives one key and is cut off: more often than one call may fail in a row, but each made progress.
    const { client, target: faulty } = disturbed([{ kind: 'cut', call: 1, times: 5 }], store);
    expect((await collect(client.list())).map(({ key }) => key)).toEqual(keys);
    expect(faulty.calls).toHaveLength(6);
  });
});

describe('a target that makes no progress', () => {
  test.each(['hang', 'stall'] as const)(
    '(%s) fails in every operation, and nothing waits for it',
    async (kind) => {
      const store = new MemoryStore();
      store.set('a', LONG);
      store.set('b', LONG);
      const { client } = disturbed([{ kind, call: 1, times: Infinity }], store);
      const stalled = {
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/memory: \w+.* made no progress for 0.01 s/),
      };
      await expect(client.stat(KEY)).rejects.toMatchObject(stalled);
      await expect(client.delete(KEY)).rejects.toMatchObject(stalled);
      await expect(client.put(KEY, bodyOf('one', 'two'))).rejects.toMatchObject(stalled);
      await expect(client.putText(KEY, 'text')).rejects.toMatchObject(stalled);
      await expect(client.readRange(KEY, 0, LONG.length)).rejects.toMatchObject(stalled);
      await expect(client.readText(KEY, LONG.length)).rejects.toMatchObject(stalled);
      await expect(collect(client.list())).rejects.toMatchObject(stalled);
    },
  );

  test('is given up even if it does not heed its signal', async () => {
    let closed = false;
    const deaf = target({
      put: async (_key, body) => {
        await body[Symbol.asyncIterator]().next();
        return never();
      },
      get: never,
      stat: never,
      delete: never,
      list: () => ({ [Symbol.asyncIterator]: () => ({ next: never, return: never }) }),
    });
    const client = new TargetClient(named(deaf));
    const body = (async function* () {
      try {
        yield Buffer.from('one');
        yield Buffer.from('two');
      } finally {
        closed = true;
      }
    })();
    await expect(client.put(KEY, body)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(closed).toBe(true);
    await expect(client.readText(KEY, 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(client.stat(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(client.delete(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(collect(client.list())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('is not blamed for the time that the body or the reader takes', async () => {
    const store = new MemoryStore();
    const { client } = disturbed([], store);
    const slow = (async function* () {
      for (const chunk of ['one', 'two']) {
        await pause();
        yield Buffer.from(chunk);
      }
      await pause();
    })();
    expect(await client.put(KEY, slow)).toMatchObject({ size: 6 });
    store.set('b', LONG);
    let length = 0;
    for await (const piece of client.read(objectKey('b'))) {
      length += piece.length;
      await pause();
    }
    expect(length).toBe(LONG.length);
  });
});

describe('the body of a get', () => {
  const lost = new TargetError('UNKNOWN', 'connection lost');

  test('that fails before anybody reads it is an error of the reading, not the end of the process', async () => {
    const before = failing((body) => body.destroy(lost));
    await expect(new TargetClient(named(before)).readText(KEY, 10)).rejects.toBeDefined();
    const meanwhile = failing((body) => process.nextTick(() => body.destroy(lost)));
    await expect(new TargetClient(named(meanwhile)).readText(KEY, 10)).rejects.toBe(lost);
  });

  test('that fails after it was left ends nothing', async () => {
    let left: Readable | undefined;
    const late = failing((body) => {
      left = body;
      body.push('0123456789');
    });
    for await (const _ of new TargetClient(named(late)).read(KEY)) break;
    expect(left?.destroyed).toBe(true);
    left?.emit('error', lost);
  });

  test('that comes when nobody waits any more is closed, and its error ends nothing', async () => {
    const abort = new AbortController();
    const answer = Promise.withResolvers<void>();
    const body = new Readable({ read() {} });
    const slow = target({
      get: async (key: ObjectKey) => {
        await answer.promise;
        return { info: { key, size: 10, modifiedAt: new Date(0) }, body };
      },
    });
    const reading = new TargetClient(named(slow), { signal: abort.signal }).readText(KEY, 10);
    const reason = new Error('interrupted');
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    answer.resolve();
    await settled();
    expect(body.destroyed).toBe(true);
    body.emit('error', lost);
  });

  test('is closed when its reader leaves', async () => {
    let body: Readable | undefined;
    const store = new MemoryStore();
    store.set('a', LONG);
    const inner = new MemoryTarget({ store });
    const watched = target({
      get: async (key, options) => {
        const read = await inner.get(key, options);
        body = read.body;
        return read;
      },
    });
    for await (const _ of new TargetClient(named(watched)).read(KEY)) break;
    expect(body?.destroyed).toBe(true);
  });
});

describe('an abort', () => {
  test('ends every operation with its reason itself and leaves no listener behind', async () => {
    const reason = new Error('interrupted');
    const operations: readonly ((client: TargetClient) => Promise<unknown>)[] = [
      (client) => client.stat(KEY),
      (client) => client.delete(KEY),
      (client) => client.put(KEY, bodyOf('one', 'two')),
      (client) => client.putText(KEY, 'text'),
      (client) => client.readText(KEY, 10),
      (client) => collect(client.list()),
    ];
    for (const kind of ['hang', 'stall', undefined] as const) {
      for (const operation of operations) {
        const store = new MemoryStore();
        store.set('a', Buffer.from('text'));
        const abort = new AbortController();
        const faulty = new FaultyTarget(
          new MemoryTarget({ store }),
          kind === undefined ? [] : [{ kind, call: 1 }],
        );
        const limits = { stallMs: 3_600_000 };
        const client = new TargetClient({ name: 'a', target: faulty, limits }, { signal: abort.signal });
        const running = operation(client).catch((error: unknown) => error);
        if (kind !== undefined) {
          await settled();
          abort.abort(reason);
          expect(await running).toBe(reason);
        } else await running;
        expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
        abort.abort(reason);
        await expect(operation(client)).rejects.toBe(reason);
      }
    }
  });

  test('of a put closes its body', async () => {
    let closed = false;
    const body = (async function* () {
      try {
        for (;;) yield Buffer.from('more');
      } finally {
        closed = true;
      }
    })();
    const abort = new AbortController();
    const faulty = new FaultyTarget(new MemoryTarget(), [{ kind: 'stall', call: 1 }]);
    const client = new TargetClient({ name: 'a', target: faulty }, { signal: abort.signal });
    const running = expect(client.put(KEY, body)).rejects.toThrow('interrupted');
    await settled();
    abort.abort(new Error('interrupted'));
    await running;
    expect(closed).toBe(true);
  });
});
