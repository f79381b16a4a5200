import { bodyOf, holdPut, pattern, ProbeBody } from '../bodies.ts';
import { check, checkEqual, checkRejects, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, store } from '../reading.ts';

const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const MIB = 1024 * 1024;
const HEAD = pattern(64 * 1024, 1);
const TAIL = pattern(1000, 2);

/** Put only if there is no such object. */
export const ifAbsentCases: readonly ConformanceCase[] = [
  {
    id: 'if-absent.stores',
    sentence: 'PutCondition if-absent: put only if there is no such object (there is none)',
    requires: 'putIfAbsent',
    safe: true,
    run: async ({ target, key }) => {
      await target.put(key('a'), bodyOf(HEAD), IF_ABSENT);
      await checkStored(target, key('a'), HEAD, 'first object');
      await target.delete(key('a'));
      await target.put(key('a'), bodyOf(TAIL), IF_ABSENT);
      await checkStored(target, key('a'), TAIL, 'object put after the first was deleted');
    },
  },
  {
    id: 'if-absent.refuses',
    sentence:
      'put: throws PRECONDITION_FAILED if the condition does not hold (there is one, also an empty one)',
    requires: 'putIfAbsent',
    safe: true,
    run: async ({ target, key }) => {
      for (const old of [HEAD, new Uint8Array(0)]) {
        await store(target, key('a'), old);
        const put = target.put(key('a'), bodyOf(TAIL), IF_ABSENT);
        await checkRejects(put, 'PRECONDITION_FAILED', `if-absent over an object of ${old.length} bytes`);
        await checkStored(target, key('a'), old, 'object that was there');
      }
    },
  },
  {
    id: 'if-absent.closes-body',
    sentence:
      'put: the body is closed (`return()`) if it is not read to its end (the condition does not hold)',
    requires: 'putIfAbsent',
    safe: true,
    run: async ({ target, key }) => {
      await store(target, key('a'), HEAD);
      const body = new ProbeBody(Array.from({ length: 400 }, () => HEAD));
      await checkRejects(
        target.put(key('a'), body, IF_ABSENT),
        'PRECONDITION_FAILED',
        'if-absent over an object',
      );
      check(
        body.iterations === 0 || body.closed || body.finished,
        'expected return() of a body that was begun',
      );
    },
  },
  {
    id: 'if-absent.judged-at-the-end',
    sentence: 'put: PRECONDITION_FAILED if the condition does not hold when the object would become visible',
    requires: 'putIfAbsent',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const put = await holdPut(target, key('a'), [HEAD, TAIL], IF_ABSENT);
      const other = await reopen();
      await other.put(key('a'), bodyOf(TAIL), IF_ABSENT);
      put.release();
      const outcome = await put.outcome;
      check(!outcome.ok, 'expected the put that ended later to reject');
      await checkRejects(Promise.reject(outcome.error), 'PRECONDITION_FAILED', 'the put that ended later');
      await checkStored(target, key('a'), TAIL, 'object of the put that ended first');
    },
  },
  {
    id: 'if-absent.many-parts',
    sentence: 'put: PRECONDITION_FAILED if the condition does not hold, however large the object',
    requires: 'putIfAbsent',
    safe: true,
    slow: 3,
    run: async ({ target, key, reopen }) => {
      // More than one part of a multipart upload, which services complete by another request than they store small objects.
      const head = pattern(
        Math.min(17 * MIB, (target.capabilities.maxObjectSize ?? Infinity) - TAIL.length),
        3,
      );
      // Of many parts as well: Azurite takes the parts of the held put for an object when a small one is to be stored.
      const winner = pattern(head.length, 5);
      const put = await holdPut(target, key('a'), [head, TAIL], IF_ABSENT);
      await (await reopen()).put(key('a'), bodyOf(winner), IF_ABSENT);
      put.release();
      const outcome = await put.outcome;
      check(!outcome.ok, 'expected the put of many parts, which ended later, to reject');
      await checkRejects(Promise.reject(outcome.error), 'PRECONDITION_FAILED', 'the put of many parts');
      await checkStored(target, key('a'), winner, 'object of the put that ended first');
      await target.put(key('b'), bodyOf(head), IF_ABSENT);
      await checkStored(target, key('b'), head, 'object of many parts where there was none');
    },
  },
  {
    id: 'if-absent.one-winner',
    sentence: 'capabilities.putIfAbsent: put with if-absent has exactly one winner among concurrent callers',
    requires: 'putIfAbsent',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const targets = [target, await reopen()];
      for (let round = 0; round < 5; round += 1) {
        const bodies = Array.from({ length: 8 }, (_, index) => pattern(1000, 10 * round + index));
        const put = (bytes: Uint8Array, index: number) =>
          outcomeOf((targets[index % 2] ?? target).put(key(`${round}`), bodyOf(bytes, 100), IF_ABSENT));
        const outcomes = await Promise.all(bodies.map(put));
        const winners = bodies.filter((_, index) => outcomes[index]?.ok === true);
        checkEqual(winners.length, 1, 'winners among 8 concurrent callers');
        for (const outcome of outcomes) {
          if (!outcome.ok)
            await checkRejects(Promise.reject(outcome.error), 'PRECONDITION_FAILED', 'a loser');
        }
        await checkStored(target, key(`${round}`), winners[0] ?? HEAD, 'object of the winner');
      }
    },
  },
  {
    id: 'if-absent.denied',
    sentence:
      'put: throws UNSUPPORTED if the condition is not among the capabilities; the body is then not read',
    unless: 'putIfAbsent',
    safe: true,
    run: async ({ target, key }) => {
      const body = new ProbeBody([HEAD]);
      await checkRejects(target.put(key('a'), body, IF_ABSENT), 'UNSUPPORTED', 'if-absent, which is denied');
      checkEqual(body.reads, 0, 'chunks read of the body');
      await checkAbsent(target, key('a'), 'after a put that was refused');
    },
  },
];
