import { holdPut, pattern, ProbeBody } from '../bodies.ts';
import { check, checkEqual, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, listKeys, store } from '../reading.ts';

const HEAD = pattern(64 * 1024, 1);
const TAIL = pattern(1000, 2);
const WHOLE = Buffer.concat([HEAD, TAIL]);

/** What others see of a put that is not finished. */
export const putVisibilityCases: readonly ConformanceCase[] = [
  {
    id: 'put.hidden-until-resolved',
    sentence: 'put: the object becomes visible whole when this resolves',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      const put = await holdPut(target, key('a'), [HEAD, TAIL]);
      await checkAbsent(target, key('a'), 'while the put is in the middle');
      await checkAbsent(other, key('a'), 'while the put is in the middle, from another connection');
      put.release();
      check((await put.outcome).ok, 'expected the put to resolve');
      await checkStored(other, key('a'), WHOLE, 'after the put, from another connection');
    },
  },
  {
    id: 'put.old-until-resolved',
    sentence: 'put: as it was before until this resolves',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const old = pattern(5000, 3);
      await store(target, key('a'), old);
      const other = await reopen();
      const put = await holdPut(target, key('a'), [HEAD, TAIL]);
      await checkStored(target, key('a'), old, 'while the put is in the middle');
      await checkStored(other, key('a'), old, 'while the put is in the middle, from another connection');
      put.release();
      check((await put.outcome).ok, 'expected the put to resolve');
      await checkStored(target, key('a'), WHOLE, 'after the put');
    },
  },
  {
    id: 'list.hides-unfinished',
    sentence: 'list: unfinished puts never show',
    safe: true,
    run: async ({ target, key, prefix }) => {
      await store(target, key('a'), pattern(10, 1));
      const puts = [
        await holdPut(target, key('b'), [HEAD, TAIL]),
        await holdPut(target, key('c/d'), [HEAD, TAIL]),
        await holdPut(target, key('z'), [HEAD, TAIL]),
      ];
      checkEqual(await listKeys(target, { prefix }), [key('a')], 'keys while three puts are in the middle');
      for (const put of puts) put.release();
      await Promise.all(puts.map((put) => put.outcome));
      checkEqual(
        await listKeys(target, { prefix }),
        [key('a'), key('b'), key('c/d'), key('z')],
        'keys after the puts',
      );
    },
  },
  {
    id: 'list.hides-failed',
    sentence: 'list: unfinished puts never show, nor do those that failed',
    safe: true,
    run: async ({ target, key, prefix }) => {
      await store(target, key('a'), pattern(10, 1));
      const failure = new Error('of the body');
      const failing = new ProbeBody([HEAD, () => Promise.reject(failure)]);
      const controller = new AbortController();
      const aborted = await holdPut(target, key('d'), [HEAD, TAIL], { signal: controller.signal });
      controller.abort(failure);
      const outcomes = [
        await outcomeOf(target.put(key('a'), failing)),
        await outcomeOf(target.put(key('b'), new ProbeBody([HEAD, () => Promise.reject(failure)]))),
        await outcomeOf(target.put(key('c/d'), new ProbeBody([HEAD]), { size: HEAD.length + 1 })),
        await aborted.outcome,
      ];
      check(
        outcomes.every(({ ok }) => !ok),
        'expected four puts to fail',
      );
      checkEqual(await listKeys(target, { prefix }), [key('a')], 'keys after four puts that failed');
    },
  },
  {
    id: 'list.hides-foreign',
    sentence: 'list: foreign names that are not valid keys never show',
    requires: 'foreign',
    safe: true,
    run: async ({ target, key, prefix, foreign }) => {
      const names = ['.hidden', 'a b', 'ä', 'a.', 'b..', 'b/.part', 'x~'].map((name) => `${prefix}${name}`);
      await store(target, key('a'), pattern(10, 1));
      await store(target, key('b/c'), pattern(10, 1));
      // Some places have no room for some of them.
      const stored: string[] = [];
      for (const name of names)
        if ((await outcomeOf(foreign?.store(name) ?? Promise.reject())).ok) stored.push(name);
      try {
        check(stored.length > 0, 'expected at least one foreign name that the setup can store');
        checkEqual(await listKeys(target, { prefix }), [key('a'), key('b/c')], 'keys beside foreign names');
        checkEqual(
          await listKeys(target, { prefix: `${prefix}b/` }),
          [key('b/c')],
          'keys in a folder with one',
        );
      } finally {
        for (const name of stored) await foreign?.remove(name);
      }
    },
  },
];
