import { MAX_KEY_LENGTH, MAX_SEGMENT_LENGTH } from '@quackup/target-api';

import { pattern } from '../bodies.ts';
import { check, checkEqual, outcomeOf } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, listKeys, store } from '../reading.ts';

const ALL_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz/0123456789/x._=-/-=_x/=/-/_';

/** What is known of an object, and which names objects may have. */
export const statCases: readonly ConformanceCase[] = [
  {
    id: 'stat.absent',
    sentence: 'stat: `undefined` if there is none',
    safe: true,
    run: async ({ target, key }) => {
      checkEqual(await target.stat(key('a')), undefined, 'stat of nothing');
      checkEqual(await target.stat(key('a/b/c')), undefined, 'stat of nothing below nothing');
    },
  },
  {
    id: 'stat.info',
    sentence: 'stat: what is known of an object: key, length in bytes, when it was last written',
    safe: true,
    run: async ({ target, key }) => {
      for (const size of [0, 1, 100_000]) {
        await store(target, key('a'), pattern(size, 1));
        const info = await target.stat(key('a'));
        checkEqual([info?.key, info?.size], [key('a'), size], 'key and size');
        const modified = info?.modifiedAt;
        check(modified instanceof Date && modified.getTime() > 0, 'modifiedAt: expected a valid Date');
      }
    },
  },
  {
    id: 'stat.modified-advances',
    sentence: 'ObjectInfo.modifiedAt: when the object was last written, by the backend’s clock',
    safe: true,
    run: async ({ target, key }) => {
      let before = 0;
      for (const size of [1, 2, 3]) {
        await store(target, key('a'), pattern(size, 1));
        const after = (await target.stat(key('a')))?.modifiedAt.getTime() ?? Number.NaN;
        check(after >= before, 'expected an object that was written again to be no older than before');
        before = after;
      }
    },
  },
  {
    id: 'stat.no-folders',
    sentence: 'keys: the beginning of a key is no object',
    safe: true,
    run: async ({ target, key, prefix }) => {
      await store(target, key('a/b/c'), pattern(10, 1));
      await checkAbsent(target, key('a'), 'beginning of a key');
      await checkAbsent(target, key('a/b'), 'longer beginning of a key');
      await target.delete(key('a/b'));
      checkEqual(
        await listKeys(target, { prefix }),
        [key('a/b/c')],
        'keys after delete of the beginning of a key',
      );
    },
  },
  {
    id: 'stat.below-an-object',
    sentence:
      'keys: an object whose key begins with the key of another harms neither; a target that cannot refuses it',
    safe: true,
    run: async ({ target, key }) => {
      const [outer, inner] = [pattern(10, 1), pattern(20, 2)];
      await store(target, key('a'), outer);
      checkEqual(await target.stat(key('a/b')), undefined, 'stat below an object');
      await target.delete(key('a/b'));
      if ((await outcomeOf(store(target, key('a/b'), inner))).ok)
        await checkStored(target, key('a/b'), inner, 'a/b');
      else await checkAbsent(target, key('a/b'), 'after a put that was refused');
      await checkStored(target, key('a'), outer, 'a');
    },
  },
  {
    id: 'stat.all-characters',
    sentence:
      'ObjectKey: one or more segments joined by `/`; a segment is [A-Za-z0-9._=-]+ and neither begins nor ends with a dot',
    safe: true,
    run: async ({ target, key, prefix }) => {
      const bytes = pattern(10, 1);
      await store(target, key(ALL_CHARACTERS), bytes);
      await checkStored(target, key(ALL_CHARACTERS), bytes, 'object with every character in its key');
      checkEqual(await listKeys(target, { prefix }), [key(ALL_CHARACTERS)], 'keys');
    },
  },
  {
    id: 'stat.longest-key',
    sentence: 'MAX_KEY_LENGTH, MAX_SEGMENT_LENGTH: characters in the longest key and in its longest segment',
    safe: true,
    run: async ({ target, key, prefix }) => {
      const rest = MAX_KEY_LENGTH - prefix.length;
      const name = Array.from({ length: rest }, (_, index) =>
        index % (MAX_SEGMENT_LENGTH + 1) === MAX_SEGMENT_LENGTH && index < rest - 1 ? '/' : 'k',
      ).join('');
      const bytes = pattern(10, 1);
      checkEqual(key(name).length, MAX_KEY_LENGTH, 'length of the key');
      await store(target, key(name), bytes);
      await checkStored(target, key(name), bytes, 'object with the longest key');
    },
  },
];
