import { holdPut, pattern } from '../bodies.ts';
import { check, checkEqual } from '../check.ts';
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
];
