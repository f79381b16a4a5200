import type { ObjectInfo, PutOptions } from '@quackup/target-api';

import { bodyOf, holdPut, pattern, ProbeBody } from '../bodies.ts';
import { check, checkEqual, checkRejects, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, listAll, store } from '../reading.ts';

const MIB = 1024 * 1024;
const HEAD = pattern(64 * 1024, 1);
const TAIL = pattern(1000, 2);

const ifMatch = (etag: string): PutOptions => ({ condition: { type: 'if-match', etag } });

function etagOf(info: ObjectInfo | undefined): string {
  check(typeof info?.etag === 'string' && info.etag !== '', 'expected an etag, since putIfMatch is claimed');
  return info.etag;
}

/** Put only if the object is the one with this etag. */
export const ifMatchCases: readonly ConformanceCase[] = [
  {
    id: 'if-match.etag',
    sentence: 'capabilities.putIfMatch: objects carry an etag',
    requires: 'putIfMatch',
    safe: true,
    run: async ({ target, key, prefix }) => {
      const etag = etagOf(await store(target, key('a'), HEAD));
      checkEqual(etagOf(await target.stat(key('a'))), etag, 'etag of stat');
      const { info, body } = await target.get(key('a'));
      body.destroy();
      checkEqual(etagOf(info), etag, 'etag of get');
      checkEqual((await listAll(target, { prefix })).map(etagOf), [etag], 'etag of list');
    },
  },
  {
    id: 'if-match.replaces',
    sentence: 'PutCondition if-match: put only if it is the one with this etag (it is)',
    requires: 'putIfMatch',
    safe: true,
    run: async ({ target, key }) => {
      const first = await store(target, key('a'), HEAD);
      const second = await target.put(key('a'), bodyOf(TAIL), ifMatch(etagOf(first)));
      await checkStored(target, key('a'), TAIL, 'object after if-match');
      await target.put(key('a'), bodyOf(HEAD), ifMatch(etagOf(second)));
      await checkStored(target, key('a'), HEAD, 'object after if-match with the etag that put returned');
    },
  },
  {
    id: 'if-match.refuses',
    sentence: 'put: throws PRECONDITION_FAILED if the condition does not hold (another etag, or no object)',
    requires: 'putIfMatch',
    safe: true,
    run: async ({ target, key }) => {
      const stale = etagOf(await store(target, key('a'), HEAD));
      await store(target, key('a'), TAIL);
      await checkRejects(
        target.put(key('a'), bodyOf(HEAD), ifMatch(stale)),
        'PRECONDITION_FAILED',
        'stale etag',
      );
      await checkStored(target, key('a'), TAIL, 'object that was there');
      await target.delete(key('a'));
      await checkRejects(
        target.put(key('a'), bodyOf(HEAD), ifMatch(stale)),
        'PRECONDITION_FAILED',
        'no object',
      );
      await checkAbsent(target, key('a'), 'after a put that was refused');
    },
  },
  {
    id: 'if-match.judged-at-the-end',
    sentence: 'put: PRECONDITION_FAILED if the etag is another one when the object would become visible',
    requires: 'putIfMatch',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const etag = etagOf(await store(target, key('a'), HEAD));
      const put = await holdPut(target, key('a'), [HEAD, TAIL], ifMatch(etag));
      await store(await reopen(), key('a'), TAIL);
      put.release();
      const outcome = await put.outcome;
      check(!outcome.ok, 'expected the put that ended later to reject');
      await checkRejects(Promise.reject(outcome.error), 'PRECONDITION_FAILED', 'the put that ended later');
      await checkStored(target, key('a'), TAIL, 'object of the put that ended first');
    },
  },
  {
    id: 'if-match.many-parts',
    sentence: 'put: PRECONDITION_FAILED if the etag is another one, however large the object',
    requires: 'putIfMatch',
    safe: true,
    slow: 3,
    run: async ({ target, key, reopen }) => {
      const etag = etagOf(await store(target, key('a'), HEAD));
      const head = pattern(
        Math.min(17 * MIB, (target.capabilities.maxObjectSize ?? Infinity) - TAIL.length),
        3,
      );
      const put = await holdPut(target, key('a'), [head, TAIL], ifMatch(etag));
      const between = etagOf(await store(await reopen(), key('a'), TAIL));
      put.release();
      const outcome = await put.outcome;
      check(!outcome.ok, 'expected the put of many parts, which ended later, to reject');
      await checkRejects(Promise.reject(outcome.error), 'PRECONDITION_FAILED', 'the put of many parts');
      await checkStored(target, key('a'), TAIL, 'object of the put that ended first');
      await target.put(key('a'), bodyOf(head), ifMatch(between));
      await checkStored(target, key('a'), head, 'object of many parts with the etag that there was');
    },
  },
  {
    id: 'if-match.one-winner',
    sentence: 'capabilities.putIfMatch: put with if-match has at most one winner among concurrent callers',
    requires: 'putIfMatch',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const targets = [target, await reopen()];
      let current = HEAD;
      let etag = etagOf(await store(target, key('a'), current));
      for (let round = 0; round < 5; round += 1) {
        const condition = ifMatch(etag);
        const bodies = Array.from({ length: 8 }, (_, index) => pattern(1000, 10 * round + index));
        const put = (bytes: Uint8Array, index: number) =>
          outcomeOf((targets[index % 2] ?? target).put(key('a'), bodyOf(bytes, 100), condition));
        const outcomes = await Promise.all(bodies.map(put));
        const winners = bodies.filter((_, index) => outcomes[index]?.ok === true);
        check(
          winners.length <= 1,
          `expected at most one winner among 8 concurrent callers, got ${winners.length}`,
        );
        current = winners[0] ?? current;
        await checkStored(target, key('a'), current, 'object of the winner');
        etag = etagOf(await target.stat(key('a')));
      }
    },
  },
  {
    id: 'if-match.denied',
    sentence:
      'put: throws UNSUPPORTED if the condition is not among the capabilities; the body is then not read',
    unless: 'putIfMatch',
    safe: true,
    run: async ({ target, key }) => {
      const etag = (await store(target, key('a'), TAIL)).etag ?? 'any';
      const body = new ProbeBody([HEAD]);
      await checkRejects(
        target.put(key('a'), body, ifMatch(etag)),
        'UNSUPPORTED',
        'if-match, which is denied',
      );
      checkEqual(body.reads, 0, 'chunks read of the body');
      await checkStored(target, key('a'), TAIL, 'object after a put that was refused');
    },
  },
];
