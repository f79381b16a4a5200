import { pattern } from '../bodies.ts';
import { checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { listKeys, store } from '../reading.ts';
import { storeAll } from './store-all.ts';

// In the order of their bytes: `-` 2d, `.` 2e, `/` 2f, digits, `=` 3d, capitals, `_` 5f, small letters.
const ORDERED = [
  'a',
  'a-b',
  'a.b',
  'a/b',
  'a/c/d',
  'a/c/d-e',
  'a/cd',
  'a0',
  'a=b',
  'aB',
  'a_b',
  'ab',
  'b/a',
  'ba',
] as const;
// A folder has no room for an object and objects below it of the same name, so `a` is left out.
const NAMES = ORDERED.filter((name) => name !== 'a' && name !== 'a/c/d');

/** Which names a list has, and in which order. */
export const listCases: readonly ConformanceCase[] = [
  {
    id: 'list.order',
    sentence: 'list: in ascending order of the key’s bytes',
    safe: true,
    run: async (context) => {
      const keys = await storeAll(context, NAMES);
      checkEqual(await listKeys(context.target, { prefix: context.prefix }), keys, 'keys');
    },
  },
  {
    id: 'list.prefix',
    sentence:
      'list: only keys that begin with this text; it is text, not a folder: `ab` finds `abc` and `ab/c`',
    safe: true,
    run: async (context) => {
      const keys = await storeAll(context, NAMES);
      const { target, prefix } = context;
      for (const start of ['a', 'a/', 'a/c', 'a/c/d', 'a.', 'a/b', 'ab', 'b', 'b/', 'a/c/d-']) {
        const expected = keys.filter((key) => key.startsWith(prefix + start));
        checkEqual(
          await listKeys(target, { prefix: prefix + start }),
          expected,
          `keys that begin with ${start}`,
        );
      }
    },
  },
  {
    id: 'list.nothing',
    sentence: 'list: nothing if no key begins with `prefix`, whatever text it is',
    safe: true,
    run: async ({ target, key, prefix }) => {
      checkEqual(await listKeys(target, { prefix }), [], 'keys of a place that was never used');
      await store(target, key('a/b'), pattern(3, 1));
      for (const start of [
        'A',
        'a/b/',
        'a/bc',
        'a//',
        'a/.',
        'a/../',
        '..',
        '../',
        '/',
        './',
        '%61',
        'ü',
        '*',
        ' ',
      ]) {
        checkEqual(await listKeys(target, { prefix: prefix + start }), [], `keys that begin with "${start}"`);
      }
      for (const start of ['../', '/', '.', `/${prefix}`, `./${prefix}`]) {
        checkEqual(await listKeys(target, { prefix: start }), [], `keys that begin with "${start}"`);
      }
    },
  },
  {
    id: 'list.start-after',
    sentence: 'list: only keys that come after this text in the order of the list',
    safe: true,
    run: async (context) => {
      const keys = await storeAll(context, NAMES);
      const { target, prefix } = context;
      for (const text of [
        '',
        'a',
        'a-b',
        'a.b',
        'a/',
        'a/c',
        'a/c/',
        'a/c/d-e',
        'a/cz',
        'a5',
        'ab',
        'az',
        'b/a',
        'ba',
        'zz',
      ]) {
        const startAfter = prefix + text;
        const expected = keys.filter((key) => key > startAfter);
        checkEqual(await listKeys(target, { prefix, startAfter }), expected, `keys after "${text}"`);
      }
    },
  },
  {
    id: 'list.start-after-and-prefix',
    sentence: 'list: `prefix` and `startAfter` both hold',
    safe: true,
    run: async (context) => {
      const keys = await storeAll(context, NAMES);
      const { target, prefix } = context;
      for (const [start, text] of [
        ['a/', 'a/b'],
        ['a/c', 'a-b'],
        ['a', 'b'],
        ['b', 'a'],
        ['a/c/', 'a/c/d-e'],
        ['a.', 'a.b'],
      ] as const) {
        const startAfter = prefix + text;
        const expected = keys.filter((key) => key.startsWith(prefix + start) && key > startAfter);
        const got = await listKeys(target, { prefix: prefix + start, startAfter });
        checkEqual(got, expected, `keys that begin with ${start} after ${text}`);
      }
    },
  },
  {
    id: 'list.without-prefix',
    sentence: 'ListOptions.prefix: default: all',
    // Reads every name in the place, which may be a bucket with millions.
    safe: false,
    run: async (context) => {
      const keys = await storeAll(context, NAMES);
      const { target, prefix } = context;
      checkEqual(
        (await listKeys(target, {})).filter((key) => key.startsWith(prefix)),
        keys,
        'keys of a list of all',
      );
      const startAfter = keys[2] ?? '';
      const after = (await listKeys(target, { startAfter })).filter((key) => key.startsWith(prefix));
      checkEqual(after, keys.slice(3), 'keys of a list of all after the third');
    },
  },
];
