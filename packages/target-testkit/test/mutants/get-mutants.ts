import { Readable } from 'node:stream';

import { type ByteRange, type ObjectKey, objectKey, TargetError } from '@quackup/target-api';

import type { MemoryTarget } from '../../src/index.ts';
import { type Mutant, mutant, wrong } from './mutant.ts';

const rangeMutant = (
  name: string,
  caughtBy: readonly string[],
  change: (range: ByteRange, size: number) => ByteRange | undefined,
): Mutant =>
  mutant(name, caughtBy, (inner) => ({
    get: (key, options = {}) => {
      const { range, ...rest } = options;
      const size = inner.store.info(key)?.size ?? 0;
      const changed = range === undefined ? undefined : change(range, size);
      return inner.get(key, changed === undefined ? rest : { ...rest, range: changed });
    },
  }));

/** Reads chunk by chunk from whatever is stored at that moment. */
function liveBody(inner: MemoryTarget, key: ObjectKey): Readable {
  let position = 0;
  return new Readable({
    read() {
      const chunk = inner.store.bytes(key)?.slice(position, position + 65_536) ?? new Uint8Array(0);
      position += chunk.length;
      this.push(chunk.length === 0 ? null : chunk);
    },
  });
}

export const getMutants: readonly Mutant[] = [
  mutant('gives an empty body for nothing', ['get.not-found', 'put.hidden-until-resolved'], (inner) => ({
    get: async (key, options) => {
      const found = await inner.stat(key);
      if (found !== undefined) return inner.get(key, options);
      return { info: { key, size: 0, modifiedAt: new Date() }, body: Readable.from([]) };
    },
  })),
  mutant(
    'takes every failure for NOT_FOUND',
    ['get.invalid-range', 'close.later-get', 'abort.before-get'],
    (inner) => ({
      get: async (key, options) => {
        try {
          return await inner.get(key, options);
        } catch (error) {
          throw new TargetError('NOT_FOUND', 'not there', { cause: error });
        }
      },
    }),
  ),
  mutant('gives an iterable for a stream', ['get.body'], (inner) => ({
    get: async (key, options) => {
      const { info, body } = await inner.get(key, options);
      return { info, body: wrong(body.iterator()) };
    },
  })),
  rangeMutant(
    'takes the end of a range for inclusive',
    ['get.range', 'get.empty-range', 'model.seed-1', 'model.seed-2', 'model.seed-3'],
    ({ start, end }) => (end === undefined ? { start } : { start, end: end + 1 }),
  ),
  rangeMutant('ignores the start of an open range', ['get.range'], ({ start, end }) =>
    end === undefined ? undefined : { start, end },
  ),
  rangeMutant('takes an empty range for none', ['get.empty-range'], (range) =>
    range.start === range.end ? undefined : range,
  ),
  rangeMutant('gives the whole for a range after the end', ['get.range-clamped'], (range, size) =>
    range.start >= size ? undefined : range,
  ),
  mutant('refuses a range past the end', ['get.range-clamped'], (inner) => ({
    get: async (key, options) => {
      const size = inner.store.info(key)?.size ?? 0;
      if ((options?.range?.start ?? 0) > size) throw new TargetError('INVALID_RANGE', 'past the end');
      return inner.get(key, options);
    },
  })),
  mutant('tells the size of the range', ['get.info-of-whole'], (inner) => ({
    get: async (key, options) => {
      const { info, body } = await inner.get(key, options);
      const { start = 0, end = info.size } = options?.range ?? {};
      return { info: { ...info, size: Math.max(0, Math.min(end, info.size) - start) }, body };
    },
  })),
  rangeMutant('turns a backwards range round', ['get.invalid-range'], ({ start, end = start }) =>
    end < start ? { start: end, end: start } : { start, end },
  ),
  mutant('has ten connections and gets none back', ['get.destroyed-early'], (inner) => {
    let free = 10;
    return {
      get: async (key, options) => {
        if (free === 0) return new Promise<never>(() => {});
        free -= 1;
        const read = await inner.get(key, options);
        read.body.once('end', () => (free += 1));
        return read;
      },
    };
  }),
  mutant('reads whatever is there when it is read', ['get.one-version'], (inner) => ({
    get: async (key, options) => {
      const { info, body } = await inner.get(key, options);
      if (options?.range !== undefined) return { info, body };
      body.destroy();
      return { info, body: liveBody(inner, key) };
    },
    // Stores at once, so that only the reading is at fault.
    put: (key, body, options) => inner.put(key, body, options),
  })),
  mutant(
    'throws NOT_FOUND from stat',
    ['stat.absent', 'put.hidden-until-resolved', 'delete.removes'],
    (inner) => ({
      stat: async (key, options) => {
        const info = await inner.stat(key, options);
        if (info === undefined) throw new TargetError('NOT_FOUND', 'not there');
        return info;
      },
    }),
  ),
  mutant('tells the time in words', ['stat.info'], (inner) => ({
    stat: async (key, options) => {
      const info = await inner.stat(key, options);
      return info && { ...info, modifiedAt: wrong(info.modifiedAt.toISOString()) };
    },
  })),
  mutant('takes the beginning of a key for an object', ['stat.no-folders'], (inner) => ({
    stat: async (key, options) => {
      const folder = inner.store.keys().some((each) => each.startsWith(`${key}/`));
      return (
        (await inner.stat(key, options)) ?? (folder ? { key, size: 0, modifiedAt: new Date() } : undefined)
      );
    },
  })),
  mutant('removes the object that is in the way of a folder', ['stat.below-an-object'], (inner) => ({
    put: (key, body, options) => {
      inner.store.remove(key.slice(0, key.lastIndexOf('/')));
      return inner.put(key, body, options);
    },
  })),
  mutant('decodes keys like addresses: = is special', ['stat.all-characters'], (inner) => ({
    put: (key, body, options) => inner.put(objectKey(key.replace('=', '_')), body, options),
  })),
  mutant('cuts long keys', ['stat.longest-key'], (inner) => ({
    put: (key, body, options) => inner.put(objectKey(key.slice(0, 800)), body, options),
  })),
];
