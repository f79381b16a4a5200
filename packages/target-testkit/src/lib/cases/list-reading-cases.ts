import { pattern } from '../bodies.ts';
import { check, checkEqual } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { listAll, listKeys, store } from '../reading.ts';
import { storeAll } from './store-all.ts';

const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `n/${String(index).padStart(5, '0')}`);

/** Reading long lists, leaving them, changing what they list. */
export const listReadingCases: readonly ConformanceCase[] = [
  {
    id: 'list.pages',
    sentence: 'list: all objects, exactly once; paging is hidden',
    safe: true,
    slow: 6,
    run: async (context) => {
      // Backends page by 1,000 or 5,000; without permission for long runs 300 must do.
      const keys = await storeAll(context, numbered(context.large ? 1500 : 300));
      const { target, prefix } = context;
      checkEqual(await listKeys(target, { prefix }), keys, 'keys');
      const startAfter = keys[49] ?? '';
      checkEqual(await listKeys(target, { prefix, startAfter }), keys.slice(50), 'keys after the 50th');
    },
  },
  {
    id: 'list.info',
    sentence: 'list: what is known of each object is what stat tells',
    safe: true,
    run: async ({ target, key, prefix }) => {
      for (const size of [0, 1, 70_000]) await store(target, key(`size-${size}`), pattern(size, 1));
      for (const info of await listAll(target, { prefix })) {
        const stat = await target.stat(info.key);
        checkEqual([info.size, info.etag], [stat?.size, stat?.etag], `size and etag of ${info.key}`);
        check(info.modifiedAt.getTime() > 0, `modifiedAt of ${info.key}: expected a valid Date`);
      }
    },
  },
  {
    id: 'list.stopped-early',
    sentence: 'list: the reader may stop at any object',
    safe: true,
    run: async (context) => {
      const keys = await storeAll(context, numbered(40));
      const { target, prefix } = context;
      for (let round = 0; round < 20; round += 1) {
        for await (const info of target.list({ prefix })) {
          checkEqual(info.key, keys[0], 'first key');
          break;
        }
      }
      checkEqual(await listKeys(target, { prefix }), keys, 'keys after 20 lists that were left early');
    },
  },
  {
    id: 'list.changed-meanwhile',
    sentence:
      'list: objects that are put or deleted while the list is read may or may not show; all others exactly once',
    safe: true,
    slow: 6,
    run: async (context) => {
      const keys = await storeAll(context, numbered(200));
      const { target, prefix, key } = context;
      const steady = keys.filter((_, index) => index % 2 === 0);
      const seen: string[] = [];
      for await (const { key: listed } of target.list({ prefix })) {
        seen.push(listed);
        const index = keys.indexOf(listed);
        // Behind the reader, right before it, and new ones on both sides.
        if (index % 2 === 1) await target.delete(key(listed.slice(prefix.length)));
        if (index % 20 === 0) await target.delete(key(`n/${String(index + 19).padStart(5, '0')}`));
        if (index % 50 === 0)
          await store(target, key(`n/${String(index).padStart(5, '0')}-new`), pattern(3, 1));
        if (index % 50 === 0) await store(target, key(`m/${index}`), pattern(3, 1));
      }
      const others = new Set(steady);
      checkEqual(
        seen.filter((listed) => others.has(listed)),
        steady,
        'keys that nobody touched',
      );
      checkEqual([...new Set(seen)].toSorted(), seen, 'keys, each once and in order');
    },
  },
];
