import { setTimeout as pause } from 'node:timers/promises';

import type { ObjectKey, StorageTarget } from '@quackup/target-api';

import { bodyOf, holdPut, pattern, ProbeBody } from '../bodies.ts';
import { check, checkEqual, checkRejectsWith, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, listAll, listKeys, readAll, store } from '../reading.ts';

const MIB = 1024 * 1024;
const HEAD = pattern(64 * 1024, 1);
const TAIL = pattern(1000, 2);
const SENTENCE = 'abort: once it is aborted the operation rejects with `signal.reason` itself, not wrapped';

type Call = (target: StorageTarget, key: ObjectKey, signal: AbortSignal) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  put: (target, key, signal) => target.put(key, bodyOf(TAIL), { signal }),
  get: async (target, key, signal) => {
    const { body } = await target.get(key, { signal });
    // An abort that comes now is the body's.
    body.on('error', () => {});
    body.destroy();
  },
  stat: (target, key, signal) => target.stat(key, { signal }),
  list: (target, key, signal) => listAll(target, { prefix: key, signal }),
  delete: (target, key, signal) => target.delete(key, { signal }),
};

/** A put that is whole could be on its way when the abort comes, and nobody can call it back. */
const putThatNeverEnds: Call = (target, key, signal) =>
  target.put(key, new ProbeBody([HEAD, () => new Promise(() => {})]), { signal });

const beforeStart = (name: string, call: Call): ConformanceCase => ({
  id: `abort.before-${name}`,
  sentence: `${SENTENCE} (${name}, aborted before)`,
  safe: true,
  run: async ({ target, key }) => {
    await store(target, key('a'), HEAD);
    // Any value may be the reason of an abort.
    for (const reason of [new TypeError('enough'), { why: 'enough' }, 'enough']) {
      await checkRejectsWith(call(target, key('a'), AbortSignal.abort(reason)), reason, name);
    }
    await checkStored(target, key('a'), HEAD, `object after a ${name} that was aborted`);
  },
});

/** An operation that is done by then may resolve; any other rejects with the reason. */
const rightAfterStart = (name: string, call: Call): ConformanceCase => ({
  id: `abort.after-start-${name}`,
  sentence: `${SENTENCE} (${name}, aborted right after the call)`,
  safe: true,
  run: async ({ target, key }) => {
    const reason = { why: 'enough' };
    // Where an abort may meet an operation: before it has done anything, and while it waits for something.
    const waits: readonly (() => Promise<unknown>)[] = [
      async () => {},
      () => new Promise((resolve) => setImmediate(resolve)),
      () => new Promise((resolve) => setTimeout(resolve, 1)),
    ];
    for (const wait of waits) {
      await store(target, key('a'), HEAD);
      const controller = new AbortController();
      const outcome = outcomeOf(call(target, key('a'), controller.signal));
      await wait();
      controller.abort(reason);
      const settled = await outcome;
      if (!settled.ok) await checkRejectsWith(Promise.reject(settled.error), reason, name);
    }
  },
});

/** Ending an operation from outside. */
export const abortCases: readonly ConformanceCase[] = [
  ...Object.entries(CALLS).map(([name, call]) => beforeStart(name, call)),
  {
    ...beforeStart(
      'delete-many',
      (target, key, signal) => target.deleteMany?.([key], { signal }) ?? Promise.resolve(),
    ),
    requires: 'deleteMany',
  },
  ...Object.entries({ ...CALLS, put: putThatNeverEnds }).map(([name, call]) => rightAfterStart(name, call)),
  {
    id: 'abort.put-in-the-middle',
    sentence: `${SENTENCE}, and without having changed anything visible (put)`,
    safe: true,
    run: async ({ target, key }) => {
      await store(target, key('old'), TAIL);
      for (const name of ['new', 'old']) {
        const controller = new AbortController();
        const reason = new Error('enough');
        const put = await holdPut(target, key(name), [HEAD, TAIL], { signal: controller.signal });
        controller.abort(reason);
        put.release();
        const outcome = await put.outcome;
        await checkRejectsWith(outcome.ok ? Promise.resolve() : Promise.reject(outcome.error), reason, 'put');
      }
      await checkAbsent(target, key('new'), 'new object after a put that was aborted');
      await checkStored(target, key('old'), TAIL, 'old object after a put that was aborted');
    },
  },
  {
    id: 'abort.put-at-its-end',
    sentence: 'put: not visible at all if it rejects (aborted when its body has been read)',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      const reason = new Error('enough');
      const rejected: ObjectKey[] = [];
      // Where an abort may meet the request that makes the object visible.
      for (const [number, delayMs] of [0, 0, 1, 1, 2, 3, 5, 8, 12, 20].entries()) {
        const each = key(`n${number}`);
        const controller = new AbortController();
        const { signal } = controller;
        const last = async (): Promise<Uint8Array> => {
          setTimeout(() => controller.abort(reason), delayMs);
          return TAIL;
        };
        const outcome = await outcomeOf(target.put(each, new ProbeBody([HEAD, last]), { signal }));
        if (outcome.ok) {
          checkEqual((await other.stat(each))?.size, HEAD.length + TAIL.length, 'size of what was stored');
          continue;
        }
        await checkRejectsWith(Promise.reject(outcome.error), reason, 'put');
        rejected.push(each);
      }
      // What was on its way has arrived by then.
      await pause(300);
      for (const each of rejected) await checkAbsent(other, each, 'after a put that was aborted at its end');
    },
  },
  {
    id: 'abort.put-with-silent-body',
    sentence: `${SENTENCE} (put, while its body gives nothing)`,
    safe: true,
    run: async ({ target, key }) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      // Never released: only the abort can end it.
      const put = await holdPut(target, key('a'), [HEAD, TAIL], { signal: controller.signal });
      controller.abort(reason);
      const outcome = await put.outcome;
      await checkRejectsWith(outcome.ok ? Promise.resolve() : Promise.reject(outcome.error), reason, 'put');
      await checkAbsent(target, key('a'), 'after a put that was aborted');
    },
  },
  {
    id: 'abort.put-closes-body',
    sentence: 'put: the body is closed (`return()`) if it is not read to its end (aborted)',
    safe: true,
    run: async ({ target, key }) => {
      const controller = new AbortController();
      const put = await holdPut(target, key('a'), [HEAD, TAIL], { signal: controller.signal });
      controller.abort(new Error('enough'));
      await put.outcome;
      check(put.body.closed, 'expected return() of a body that was not read to its end');
    },
  },
  {
    id: 'abort.put-reads-nothing',
    sentence:
      'abort: without having changed anything visible (a put that is aborted before does not read its body)',
    safe: true,
    run: async ({ target, key }) => {
      const body = new ProbeBody([HEAD]);
      await outcomeOf(target.put(key('a'), body, { signal: AbortSignal.abort(new Error('enough')) }));
      checkEqual(body.reads, 0, 'chunks read of the body');
      await checkAbsent(target, key('a'), 'after a put that was aborted before');
    },
  },
  {
    id: 'abort.get-body',
    sentence: 'ObjectRead.body: errors on it follow the rules of rejections (aborted: signal.reason itself)',
    safe: true,
    run: async ({ target, key }) => {
      await store(target, key('a'), pattern(8 * MIB, 3));
      const controller = new AbortController();
      const reason = new Error('enough');
      const { body } = await target.get(key('a'), { signal: controller.signal });
      const iterator = body[Symbol.asyncIterator]();
      check((await iterator.next()).done !== true, 'expected a first chunk');
      controller.abort(reason);
      await checkRejectsWith(readAll({ [Symbol.asyncIterator]: () => iterator }), reason, 'reading on');
    },
  },
  {
    id: 'abort.list-in-the-middle',
    sentence: `${SENTENCE} (list, while it is read)`,
    safe: true,
    slow: 2,
    run: async ({ target, key, prefix }) => {
      for (let index = 0; index < 10; index += 1) await store(target, key(`n${index}`), TAIL);
      const controller = new AbortController();
      const reason = new Error('enough');
      const iterator = target.list({ prefix, signal: controller.signal })[Symbol.asyncIterator]();
      checkEqual((await iterator.next()).value?.key, key('n0'), 'first key');
      controller.abort(reason);
      await checkRejectsWith(readAll({ [Symbol.asyncIterator]: () => iterator }), reason, 'reading on');
    },
  },
  {
    id: 'abort.too-late',
    sentence: 'abort: an operation that is already done is done',
    safe: true,
    run: async ({ target, key, prefix }) => {
      const controller = new AbortController();
      const { signal } = controller;
      await target.put(key('a'), bodyOf(HEAD), { signal });
      checkEqual((await readAll((await target.get(key('a'), { signal })).body)).length, HEAD.length, 'bytes');
      checkEqual(await listKeys(target, { prefix, signal }), [key('a')], 'keys');
      controller.abort(new Error('too late'));
      await checkStored(target, key('a'), HEAD, 'object after an abort that came too late');
      await store(target, key('b'), TAIL);
      await checkStored(target, key('b'), TAIL, 'object stored after an abort');
    },
  },
];
