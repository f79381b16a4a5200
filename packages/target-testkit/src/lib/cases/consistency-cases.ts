import { setImmediate } from 'node:timers/promises';

import type { ObjectBody } from '@quackup/target-api';

import { bodyOf, pattern } from '../bodies.ts';
import { check, checkBytes, checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import {
  checkAbsent,
  checkStored,
  forEachConcurrently,
  listKeys,
  readAll,
  readObject,
  store,
} from '../reading.ts';

const SIZE = 100_000;

/** What several callers and several connections see of each other. */
export const consistencyCases: readonly ConformanceCase[] = [
  {
    id: 'consistency.put',
    sentence:
      'consistency: what a resolved put stored is seen by every later get, stat and list, also from another connection',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      for (let round = 0; round < 5; round += 1) {
        const bytes = pattern(1000 + round, round);
        await store(round % 2 === 0 ? target : other, key('a'), bytes);
        await checkStored(
          round % 2 === 0 ? other : target,
          key('a'),
          bytes,
          `put ${round}, from the other connection`,
        );
      }
    },
  },
  {
    id: 'consistency.delete',
    sentence: 'consistency: likewise for delete',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      for (let round = 0; round < 3; round += 1) {
        await store(target, key('a/b'), pattern(100, round));
        await checkStored(other, key('a/b'), pattern(100, round), 'object, from the other connection');
        await (round % 2 === 0 ? target : other).delete(key('a/b'));
        await checkAbsent(
          round % 2 === 0 ? other : target,
          key('a/b'),
          'after delete, from the other connection',
        );
      }
    },
  },
  {
    id: 'concurrency.many-objects',
    sentence: 'StorageTarget: safe for concurrent calls (different objects)',
    safe: true,
    slow: 2,
    run: async ({ target, key, prefix }) => {
      const numbers = Array.from({ length: 32 }, (_, index) => index);
      await Promise.all(
        numbers.map((index) => store(target, key(`d${index % 4}/${index}`), pattern(SIZE + index, index))),
      );
      checkEqual((await listKeys(target, { prefix })).length, 32, 'objects listed');
      await Promise.all(
        numbers.map(async (index) => {
          const bytes = await readObject(target, key(`d${index % 4}/${index}`));
          checkBytes(bytes, pattern(SIZE + index, index), `object ${index}`);
        }),
      );
      await Promise.all(numbers.map((index) => target.delete(key(`d${index % 4}/${index}`))));
      checkEqual(await listKeys(target, { prefix }), [], 'keys after all were deleted');
    },
  },
  {
    id: 'concurrency.one-object',
    sentence: 'StorageTarget: safe for concurrent calls (puts of one object: it is one of them, whole)',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const targets = [target, await reopen()];
      const versions = Array.from({ length: 8 }, (_, index) => pattern(SIZE + index, index));
      await Promise.all(
        versions.map((bytes, index) => (targets[index % 2] ?? target).put(key('a'), bodyOf(bytes, 7000))),
      );
      const stored = await readObject(target, key('a'));
      const version = versions.find((bytes) => bytes.length === stored.length);
      check(version !== undefined, `expected the length of one of the versions, got ${stored.length}`);
      checkBytes(stored, version, 'the version of that length');
    },
  },
  {
    id: 'concurrency.readers',
    sentence:
      'put: visible whole; get: one version of the object (readers while it is replaced again and again)',
    safe: true,
    slow: 2,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      const versions = Array.from({ length: 12 }, (_, index) => pattern(SIZE + index, index));
      await store(target, key('a'), versions[0] ?? pattern(SIZE, 0));
      const state = { writing: true };
      const write = async (): Promise<void> => {
        for (const bytes of versions) await target.put(key('a'), unhurried(bytes));
        state.writing = false;
      };
      const read = async (): Promise<void> => {
        while (state.writing) {
          const { info, body } = await other.get(key('a'));
          const bytes = await readAll(body);
          checkEqual(bytes.length, info.size, 'bytes read, compared with the size of the info');
          checkBytes(bytes, versions[info.size - SIZE] ?? new Uint8Array(0), 'the version of that size');
          // A target that never leaves the thread would not let the writer, nor the time limit, have its turn.
          await setImmediate();
        }
      };
      // A writer that fails must end the readers as well.
      await Promise.all([
        write().finally(() => (state.writing = false)),
        forEachConcurrently([1, 2, 3], 3, read),
      ]);
    },
  },
  {
    id: 'concurrency.lists',
    sentence: 'StorageTarget: safe for concurrent calls (several lists at once, from two connections)',
    safe: true,
    slow: 2,
    run: async ({ target, key, prefix, reopen }) => {
      const other = await reopen();
      const keys = Array.from({ length: 30 }, (_, index) => key(`n${index % 3}/${100 + index}`)).toSorted();
      for (const each of keys) await store(target, each, pattern(10, 1));
      const iterators = [target, target, other].map((each) => each.list({ prefix })[Symbol.asyncIterator]());
      // Step by step: each of them at another object.
      for (const expected of [...keys, undefined]) {
        for (const [index, iterator] of iterators.entries()) {
          const step = await iterator.next();
          checkEqual(
            step.done === true ? undefined : step.value.key,
            expected,
            `next key of list ${index + 1}`,
          );
        }
      }
    },
  },
  {
    id: 'concurrency.put-and-delete',
    sentence:
      'StorageTarget: safe for concurrent calls (puts beside objects that another connection deletes)',
    safe: true,
    slow: 3,
    run: async ({ target, key, prefix, reopen }) => {
      const other = await reopen();
      // In one folder that is empty again and again: who removes empty folders must not remove one that is about to be used.
      for (let round = 0; round < 8; round += 1) {
        await store(target, key('d/e/old'), pattern(10, round));
        await Promise.all([
          other.delete(key('d/e/old')),
          store(target, key('d/e/new'), pattern(20, round)),
          other.delete(key('d/none')),
        ]);
        await checkStored(other, key('d/e/new'), pattern(20, round), `object put in round ${round}`);
        checkEqual(await listKeys(target, { prefix }), [key('d/e/new')], `keys after round ${round}`);
        await other.delete(key('d/e/new'));
      }
    },
  },
];

/** A body that lets others have their turn between its chunks. */
async function* unhurried(bytes: Uint8Array): ObjectBody {
  for await (const chunk of bodyOf(bytes, 16_384)) {
    yield chunk;
    await setImmediate();
  }
}
