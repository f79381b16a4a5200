import { normalize } from 'node:path/posix';

import { type ListOptions, type ObjectInfo, TargetError } from '@quackup/target-api';

import type { MemoryTarget } from '../../src/index.ts';
import { type Mutant, mutant, without } from './mutant.ts';

const listMutant = (
  name: string,
  caughtBy: readonly string[],
  list: (inner: MemoryTarget, options: ListOptions) => AsyncIterable<ObjectInfo>,
): Mutant => mutant(name, caughtBy, (inner) => ({ list: (options = {}) => list(inner, options) }));

async function* sorted(
  infos: AsyncIterable<ObjectInfo>,
  compare: (left: ObjectInfo, right: ObjectInfo) => number,
): AsyncGenerator<ObjectInfo> {
  const all: ObjectInfo[] = [];
  for await (const info of infos) all.push(info);
  yield* all.toSorted(compare);
}

async function* filtered(
  infos: AsyncIterable<ObjectInfo>,
  keep: (info: ObjectInfo) => boolean,
): AsyncGenerator<ObjectInfo> {
  for await (const info of infos) if (keep(info)) yield info;
}

export const listMutants: readonly Mutant[] = [
  listMutant('lists in the order of writing', ['list.order', 'list.pages'], (inner, options) =>
    sorted(
      inner.list(options),
      (left, right) => Number(left.etag?.slice(1, -1)) - Number(right.etag?.slice(1, -1)),
    ),
  ),
  listMutant('lists in the order of a dictionary', ['list.order'], (inner, options) =>
    sorted(inner.list(options), (left, right) => left.key.localeCompare(right.key)),
  ),
  listMutant('lists folders after files', ['list.order'], (inner, options) =>
    sorted(inner.list(options), (left, right) => left.key.split('/').length - right.key.split('/').length),
  ),
  listMutant('takes the prefix for a folder', ['list.prefix'], (inner, options) => {
    const { prefix = '' } = options;
    const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    return inner.list({ ...options, prefix: folder });
  }),
  listMutant('normalises the prefix like a path', ['list.nothing'], (inner, options) =>
    inner.list({ ...options, prefix: normalize(options.prefix ?? '').replace(/^(\.*\/|\.)/, '') }),
  ),
  listMutant('lists startAfter itself', ['list.start-after', 'list.pages'], (inner, options) =>
    filtered(inner.list(without(options, 'startAfter')), ({ key }) => key >= (options.startAfter ?? '')),
  ),
  listMutant('starts after a key only if there is one', ['list.start-after'], (inner, options) => {
    const exists = inner.store.objects.has(options.startAfter ?? '');
    return inner.list(exists ? options : without(options, 'startAfter'));
  }),
  listMutant('ignores the prefix after startAfter', ['list.start-after-and-prefix'], (inner, options) => {
    const { prefix = '', startAfter } = options;
    return inner.list(
      startAfter === undefined ? options : { ...options, prefix: prefix.slice(0, prefix.indexOf('/') + 1) },
    );
  }),
  listMutant('loses page two', ['list.pages'], (inner, options) => {
    let count = 0;
    return filtered(inner.list(options), () => {
      count += 1;
      return count <= 100 || count > 200;
    });
  }),
  listMutant('lists the last of a page twice', ['list.pages'], async function* (inner, options) {
    let count = 0;
    for await (const info of inner.list(options)) {
      yield info;
      count += 1;
      if (count === 100) yield info;
    }
  }),
  listMutant('lists without sizes', ['list.info'], async function* (inner, options) {
    for await (const info of inner.list(options)) yield { ...info, size: 0 };
  }),
  mutant('keeps a connection for a list that was left', ['list.stopped-early'], (inner) => {
    let free = 10;
    return {
      list: async function* (options) {
        if (free === 0) await new Promise<never>(() => {});
        free -= 1;
        for await (const info of inner.list(options)) yield info;
        free += 1;
      },
    };
  }),
  listMutant('pages by number', ['list.changed-meanwhile'], async function* (inner, options) {
    for (let start = 0; ; start += 10) {
      const page: ObjectInfo[] = [];
      for await (const info of inner.list(options)) page.push(info);
      if (start >= page.length) return;
      yield* page.slice(start, start + 10);
    }
  }),
  listMutant('lists nothing without a prefix', ['list.without-prefix'], (inner, options) =>
    inner.list(options.prefix === undefined ? { ...options, prefix: 'default/' } : options),
  ),
  mutant('deletes nothing', ['delete.removes', 'consistency.delete'], () => ({ delete: async () => {} })),
  mutant('deletes only what is there', ['delete.absent', 'stat.no-folders'], (inner) => ({
    delete: async (key, options) => {
      if ((await inner.stat(key, options)) === undefined) throw new TargetError('NOT_FOUND', 'not there');
      await inner.delete(key, options);
    },
  })),
  mutant('deletes all that begins with the key', ['delete.only-that', 'stat.no-folders'], (inner) => ({
    delete: async (key, options) => {
      await inner.delete(key, options);
      for (const each of inner.store.keys()) if (each.startsWith(key)) inner.store.remove(each);
    },
  })),
  mutant('deletes no more than ten at once', ['delete-many.removes'], (inner) => ({
    deleteMany: (keys, options) => inner.deleteMany(keys.slice(0, 10), options),
  })),
  mutant('deletes many until one is missing', ['delete-many.absent'], (inner) => ({
    deleteMany: async (keys) => {
      for (const key of keys) if (!inner.store.remove(key)) throw new TargetError('NOT_FOUND', 'not there');
    },
  })),
  mutant('deletes everything if there is nothing to delete', ['delete-many.absent'], (inner, store) => ({
    deleteMany: async (keys, options) => inner.deleteMany(keys.length === 0 ? store.keys() : keys, options),
  })),
];
