import { Readable } from 'node:stream';

import { isTargetError } from '@quackup/target-api';

import { pattern } from '../bodies.ts';
import { check, checkBytes, checkEqual, checkRejects, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { forEachConcurrently, readAll, readObject, store } from '../reading.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Reading objects. */
export const getCases: readonly ConformanceCase[] = [
  {
    id: 'get.not-found',
    sentence: 'get: throws NOT_FOUND if there is no such object',
    safe: true,
    run: async ({ target, key }) => {
      await checkRejects(target.get(key('a')), 'NOT_FOUND', 'get of nothing');
      await checkRejects(target.get(key('a/b/c')), 'NOT_FOUND', 'get of nothing below nothing');
      await checkRejects(
        target.get(key('a'), { range: { start: 5, end: 9 } }),
        'NOT_FOUND',
        'range of nothing',
      );
    },
  },
  {
    id: 'get.body',
    sentence:
      'get: resolves once it is known that the object exists, with the info of it and its bytes as a Readable',
    safe: true,
    run: async ({ target, key }) => {
      for (const size of [0, 1, 300 * KIB]) {
        const bytes = pattern(size, size);
        await store(target, key('a'), bytes);
        const { info, body } = await target.get(key('a'));
        check(body instanceof Readable, 'body: expected a Readable of node:stream');
        checkEqual([info.key, info.size], [key('a'), size], 'key and size of the info');
        check(Number.isFinite(info.modifiedAt.getTime()), 'modifiedAt of the info: expected a valid Date');
        checkBytes(await readAll(body), bytes, `content of ${size} bytes`);
      }
    },
  },
  {
    id: 'get.destroyed-early',
    sentence: 'ObjectRead.body: must be read to the end or destroyed (that frees what it holds)',
    safe: true,
    slow: 3,
    run: async ({ target, key }) => {
      const bytes = pattern(MIB, 6);
      await store(target, key('a'), bytes);
      // More than the connections of any pool that we know of: a body that keeps its own would block the last get.
      await forEachConcurrently(
        Array.from({ length: 128 }, (_, index) => index),
        4,
        async (index) => {
          const { body } = await target.get(key('a'));
          const closed = Promise.withResolvers<undefined>();
          body.once('close', () => closed.resolve(undefined));
          if (index % 2 === 0) await body[Symbol.asyncIterator]().next();
          body.destroy();
          await closed.promise;
        },
      );
      checkBytes(await readObject(target, key('a')), bytes, 'object after 128 bodies were destroyed');
    },
  },
  {
    id: 'get.one-version',
    sentence: 'get: the body is one version of the object, even if it is replaced meanwhile, or fails',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      const old = pattern(4 * MIB, 7);
      for (const change of ['replaced', 'deleted'] as const) {
        await store(target, key('a'), old);
        const { body } = await target.get(key('a'));
        const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
        const first = await iterator.next();
        check(first.done !== true, 'expected a first chunk');
        if (change === 'replaced') await store(other, key('a'), pattern(4 * MIB, 8));
        else await other.delete(key('a'));
        const rest = await outcomeOf(readAll({ [Symbol.asyncIterator]: () => iterator }));
        if (rest.ok)
          checkBytes(Buffer.concat([first.value, rest.value]), old, `body of an object ${change} meanwhile`);
        else
          check(isTargetError(rest.error), `body of an object ${change} meanwhile: expected a TargetError`);
      }
    },
  },
];
