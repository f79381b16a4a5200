import { objectKey, TargetError } from '@quackup/target-api';
import { describe, expect, it } from 'vitest';

import { type Fault, FaultyTarget, MemoryStore, MemoryTarget } from '../src/index.ts';
import { bodyOf, ProbeBody } from '../src/lib/bodies.ts';
import { listKeys, readAll, readObject } from '../src/lib/reading.ts';

const KEY = objectKey('a');
const BYTES = Buffer.alloc(1000, 7);

function disturbed(...plan: readonly Fault[]): {
  readonly target: FaultyTarget;
  readonly store: MemoryStore;
} {
  const store = new MemoryStore();
  for (const key of ['a', 'b', 'c']) store.set(key, BYTES);
  return { target: new FaultyTarget(new MemoryTarget({ store }), plan), store };
}

describe('FaultyTarget', () => {
  it('records every call and disturbs the one that was named', async () => {
    const { target } = disturbed({ kind: 'fail', call: 3 });
    await target.stat(KEY);
    await target.put(objectKey('d'), bodyOf(BYTES));
    await expect(target.delete(KEY)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
    await target.delete(KEY);
    expect(await listKeys(target, { prefix: '' })).toEqual(['b', 'c', 'd']);
    await target.deleteMany?.([objectKey('b'), objectKey('c')]);
    expect(target.calls).toEqual([
      { operation: 'stat', key: 'a' },
      { operation: 'put', key: 'd' },
      { operation: 'delete', key: 'a' },
      { operation: 'delete', key: 'a' },
      { operation: 'list', key: '' },
      { operation: 'deleteMany', key: 'b c' },
    ]);
  });

  it('counts the calls of one operation if it is named, and goes on for as many as it is told', async () => {
    const { target } = disturbed({
      kind: 'fail',
      call: 2,
      operation: 'stat',
      times: 2,
      error: new Error('mine'),
    });
    await target.get(KEY).then(({ body }) => body.destroy());
    await target.stat(KEY);
    await expect(target.stat(KEY)).rejects.toThrow('mine');
    await target.delete(KEY);
    await expect(target.stat(KEY)).rejects.toThrow('mine');
    await target.stat(KEY);
  });

  it('does nothing at all for a call that fails', async () => {
    const { target, store } = disturbed({ kind: 'fail', call: 1, times: 3 });
    const body = new ProbeBody([BYTES]);
    await expect(target.put(objectKey('d'), body)).rejects.toThrow(TargetError);
    await expect(target.delete(KEY)).rejects.toThrow(TargetError);
    await expect(listKeys(target, {})).rejects.toThrow(TargetError);
    expect(body.iterations).toBe(0);
    expect([...store.objects.keys()]).toEqual(['a', 'b', 'c']);
  });

  it('does everything for a call that fails afterwards', async () => {
    const { target, store } = disturbed({ kind: 'fail-after', call: 1, times: Infinity });
    await expect(target.put(objectKey('d'), bodyOf(BYTES))).rejects.toThrow(TargetError);
    await expect(target.delete(KEY)).rejects.toThrow(TargetError);
    await expect(target.get(objectKey('b'))).rejects.toThrow(TargetError);
    expect([...store.objects.keys()]).toEqual(['b', 'c', 'd']);
    const seen: string[] = [];
    const list = async (): Promise<void> => {
      for await (const { key } of target.list()) seen.push(key);
    };
    await expect(list()).rejects.toThrow(TargetError);
    expect(seen).toEqual(['b', 'c', 'd']);
  });

  it('hangs until the signal is aborted or the target closed', async () => {
    for (const kind of ['hang', 'stall'] as const) {
      const { target, store } = disturbed({ kind, call: 1, times: Infinity });
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [
        target.put(objectKey('d'), new ProbeBody([BYTES, BYTES]), { signal }),
        target.stat(KEY, { signal }),
        target.delete(KEY, { signal }),
        listKeys(target, { signal }),
      ];
      const settled = Promise.allSettled(calls);
      expect(await Promise.race([Promise.any(calls).catch(() => 'settled'), turns()])).toBe('waiting');
      const reason = new Error('enough');
      controller.abort(reason);
      for (const outcome of await settled) expect(outcome).toMatchObject({ status: 'rejected', reason });
      const unaborted = target.stat(KEY);
      await target.close();
      await expect(unaborted).rejects.toMatchObject({ code: 'CLOSED' });
      expect([...store.objects.keys()]).toEqual(['a', 'b', 'c']);
    }
  });

  it('cuts the body of a get at half of it, or where it is told', async () => {
    const mine = new Error('mine');
    const cases: readonly [Partial<Fault>, object, number][] = [
      [{}, {}, 500],
      [{ afterBytes: 10 }, {}, 10],
      [{ afterBytes: 0 }, {}, 0],
      [{}, { range: { start: 900 } }, 50],
      [{ afterBytes: 5000 }, {}, 1000],
    ];
    for (const [fault, options, expected] of cases) {
      const { target } = disturbed({ kind: 'cut', call: 1, error: mine, ...fault });
      const { info, body } = await target.get(KEY, options);
      expect(info.size).toBe(1000);
      let length = 0;
      const read = async (): Promise<void> => {
        for await (const chunk of body) length += chunk.length;
      };
      await expect(read()).rejects.toBe(mine);
      expect(length).toBe(expected);
    }
  });

  it('cuts a put: part of the body is read, it is closed, and nothing is stored', async () => {
    for (const [options, chunks] of [
      [{ size: 4000 }, 2],
      [{}, 1],
    ] as const) {
      const { target, store } = disturbed({ kind: 'cut', call: 1 });
      const body = new ProbeBody([BYTES, BYTES, BYTES, BYTES]);
      await expect(target.put(objectKey('d'), body, options)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect([body.reads, body.closed]).toEqual([chunks, true]);
      expect(store.objects.has('d')).toBe(false);
    }
  });

  it('cuts a list after its first object', async () => {
    const { target } = disturbed({ kind: 'cut', call: 1 });
    const iterator = target.list()[Symbol.asyncIterator]();
    expect((await iterator.next()).value?.key).toBe('a');
    await expect(iterator.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('lets the reader of a stalled body go by abort or by destroy', async () => {
    const { target } = disturbed({ kind: 'stall', call: 1, times: 2, afterBytes: 100 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const { body } = await target.get(KEY, { signal: controller.signal });
    const reading = readAll(body);
    expect(await Promise.race([reading, turns()])).toBe('waiting');
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);

    const second = await target.get(KEY);
    const closed = Promise.withResolvers<undefined>();
    second.body.once('close', () => closed.resolve(undefined)).resume();
    second.body.destroy();
    await closed.promise;
  });

  it('has deleteMany only if the target inside has it', () => {
    const inner = new MemoryTarget();
    expect(new FaultyTarget(inner).deleteMany).toBeTypeOf('function');
    Object.defineProperty(inner, 'deleteMany', { value: undefined });
    expect(new FaultyTarget(inner).deleteMany).toBeUndefined();
  });
});

describe('MemoryStore', () => {
  it('is shared by the targets that are opened on it, and tells the time it is given', async () => {
    const now = new Date('2026-11-24T00:00:00Z');
    const store = new MemoryStore({ now: () => now });
    const [one, other] = [new MemoryTarget({ store }), new MemoryTarget({ store })];
    expect((await one.put(KEY, bodyOf(BYTES))).modifiedAt).toEqual(now);
    expect(await readObject(other, KEY)).toEqual(BYTES);
    expect((await new MemoryTarget({ now: () => now }).put(KEY, bodyOf(BYTES))).modifiedAt).toEqual(now);
  });

  it('gives copies of its objects and can be damaged', async () => {
    const target = new MemoryTarget();
    await target.put(KEY, bodyOf(BYTES));
    target.objects.get('a')?.fill(0);
    expect(await readObject(target, KEY)).toEqual(BYTES);
    target.store.change('a', (bytes) => bytes.subarray(0, 10));
    expect((await target.stat(KEY))?.size).toBe(10);
    target.store.set('no key', BYTES);
    expect(await listKeys(target, {})).toEqual(['a']);
    expect([target.store.remove('no key'), target.store.remove('no key')]).toEqual([true, false]);
    expect(() => target.store.change('b', (bytes) => bytes)).toThrow(RangeError);
  });
});

/** Resolves when everything that needs no outside event has happened. */
async function turns(): Promise<'waiting'> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return 'waiting';
}
