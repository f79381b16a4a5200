import { pattern } from '../bodies.ts';
import { checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, forEachConcurrently, listKeys, store } from '../reading.ts';

const BYTES = pattern(100, 1);

/** Removing objects. */
export const deleteCases: readonly ConformanceCase[] = [
  {
    id: 'delete.removes',
    sentence: 'delete: removes an object',
    safe: true,
    run: async ({ target, key, reopen }) => {
      await store(target, key('a/b'), BYTES);
      await target.delete(key('a/b'));
      await checkAbsent(target, key('a/b'), 'after delete');
      await checkAbsent(await reopen(), key('a/b'), 'after delete, from another connection');
      await store(target, key('a/b'), BYTES);
      await checkStored(target, key('a/b'), BYTES, 'object stored again');
    },
  },
  {
    id: 'delete.absent',
    sentence: 'delete: resolves as well if there is none',
    safe: true,
    run: async ({ target, key }) => {
      await target.delete(key('a'));
      await target.delete(key('a/b/c'));
      await store(target, key('b'), BYTES);
      await target.delete(key('b'));
      await target.delete(key('b'));
      await store(target, key('c'), BYTES);
      await Promise.all([1, 2, 3, 4].map(() => target.delete(key('c'))));
      await checkAbsent(target, key('c'), 'after four concurrent deletes');
    },
  },
  {
    id: 'delete.only-that',
    sentence: 'delete: removes an object, and no other',
    safe: true,
    run: async ({ target, key, prefix }) => {
      const names = ['a/b', 'a/b-c', 'a/bc', 'a/c', 'b'];
      for (const name of names) await store(target, key(name), BYTES);
      await target.delete(key('a/b'));
      checkEqual(await listKeys(target, { prefix }), names.slice(1).map(key), 'keys after delete of a/b');
    },
  },
  {
    id: 'delete-many.removes',
    sentence: 'deleteMany: removes many objects, like `delete` of each',
    requires: 'deleteMany',
    safe: true,
    slow: 6,
    run: async ({ target, key, prefix, large }) => {
      // Services take 1,000 keys in one request.
      const keys = Array.from({ length: large ? 1100 : 40 }, (_, index) => key(`d${index % 3}/${index}`));
      await forEachConcurrently([...keys, key('stays')], 16, (each) => store(target, each, BYTES));
      await target.deleteMany?.(keys);
      checkEqual(await listKeys(target, { prefix }), [key('stays')], 'keys after deleteMany of all others');
    },
  },
  {
    id: 'delete-many.absent',
    sentence: 'deleteMany: like `delete` of each: resolves as well if there is none',
    requires: 'deleteMany',
    safe: true,
    run: async ({ target, key, prefix }) => {
      await store(target, key('a'), BYTES);
      await target.deleteMany?.([]);
      checkEqual(await listKeys(target, { prefix }), [key('a')], 'keys after deleteMany of nothing');
      await target.deleteMany?.([key('x'), key('a'), key('y/z')]);
      checkEqual(
        await listKeys(target, { prefix }),
        [],
        'keys after deleteMany of one that is there and two that are not',
      );
    },
  },
  {
    id: 'delete-many.seen-elsewhere',
    sentence: 'consistency: likewise for deleteMany, also from another connection',
    requires: 'deleteMany',
    safe: true,
    run: async ({ target, key, reopen }) => {
      const other = await reopen();
      const keys = [key('a'), key('b/c'), key('b/d')];
      for (const each of keys) await store(target, each, BYTES);
      await target.deleteMany?.(keys);
      for (const each of keys) await checkAbsent(other, each, 'after deleteMany, from another connection');
    },
  },
];
