import { setTimeout as pause } from 'node:timers/promises';

import type { ObjectInfo, StorageTarget } from '@quackup/target-api';
import { TargetError } from '@quackup/target-api';

import type { MemoryTarget } from '../../src/index.ts';
import { bodyOf } from '../../src/lib/bodies.ts';
import { collect, mapBody, type Mutant, mutant, putMutant, without, wrong } from './mutant.ts';

const OPERATIONS = ['put', 'get', 'stat', 'list', 'delete', 'delete-many'] as const;

/** Calls `inner` without the signal that was given. */
const deaf = (inner: MemoryTarget): Partial<StorageTarget> => ({
  put: (key, body, options = {}) => inner.put(key, body, without(options, 'signal')),
  get: (key, options = {}) => inner.get(key, without(options, 'signal')),
  stat: (key) => inner.stat(key),
  list: (options = {}) => inner.list(without(options, 'signal')),
  delete: (key) => inner.delete(key),
  deleteMany: (keys) => inner.deleteMany(keys),
});

export const lifeMutants: readonly Mutant[] = [
  mutant('is of another version', ['identity.api-version'], () => ({ apiVersion: wrong(2) })),
  mutant('has no name', ['identity.names'], () => ({ displayName: '' })),
  mutant('has a limit of nothing', ['identity.capabilities'], () => ({
    capabilities: { putIfAbsent: true, putIfMatch: true, maxObjectSize: 0 },
  })),
  mutant(
    'does not listen to the signal',
    [
      ...OPERATIONS.map((name) => `abort.before-${name}`),
      'abort.put-in-the-middle',
      'abort.put-with-silent-body',
      'abort.put-closes-body',
      'abort.put-reads-nothing',
      'abort.get-body',
      'abort.list-in-the-middle',
    ],
    deaf,
  ),
  putMutant(
    'gives up what it cannot call back',
    ['abort.put-at-its-end'],
    async (inner, key, body, { signal, ...options }) => {
      const bytes = await collect(body);
      signal?.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      signal?.addEventListener('abort', () => aborted.reject(signal.reason));
      // The service stores it, whether or not somebody waits for the answer.
      const stored = pause(5).then(() => inner.put(key, bodyOf(bytes), options));
      return Promise.race([stored, aborted.promise]);
    },
  ),
  putMutant(
    'wraps the reason of an abort',
    ['abort.before-put', 'abort.put-in-the-middle'],
    async (inner, key, body, options) => {
      try {
        return await inner.put(key, body, options);
      } catch (error) {
        if (options.signal?.aborted === true) throw new TargetError('UNKNOWN', 'aborted', { cause: error });
        throw error;
      }
    },
  ),
  mutant('has an error of its own for an abort', ['abort.before-stat'], (inner) => ({
    stat: async (key, options) => {
      if (options?.signal?.aborted === true) throw new DOMException('aborted', 'AbortError');
      return inner.stat(key, options);
    },
  })),
  putMutant(
    'looks at the signal between chunks only',
    ['abort.put-with-silent-body'],
    async (inner, key, body, options) => {
      const { signal, ...rest } = options;
      const watched = mapBody(body, (chunk) => {
        signal?.throwIfAborted();
        return chunk;
      });
      return inner.put(key, watched, rest);
    },
  ),
  putMutant(
    'stores what an aborted put has so far',
    ['abort.put-in-the-middle', 'abort.put-with-silent-body'],
    async (inner, key, body, options) => {
      const chunks: Uint8Array[] = [];
      const watched = mapBody(body, (chunk) => {
        chunks.push(Uint8Array.from(chunk));
        return chunk;
      });
      try {
        return await inner.put(key, watched, options);
      } catch (error) {
        if (options.signal?.aborted === true) inner.store.set(key, Buffer.concat(chunks));
        throw error;
      }
    },
  ),
  putMutant(
    'reads the body of a put that is aborted already',
    ['abort.put-reads-nothing'],
    async (inner, key, body, options) => {
      await body[Symbol.asyncIterator]().next();
      return inner.put(key, body, options);
    },
  ),
  putMutant(
    'undoes a put that was aborted when it was done',
    ['abort.too-late'],
    async (inner, key, body, options) => {
      const info = await inner.put(key, body, options);
      options.signal?.addEventListener('abort', () => inner.store.remove(key));
      return info;
    },
  ),
  mutant('closes only once', ['close.again'], (inner) => {
    let closed = false;
    return {
      close: async () => {
        if (closed) throw new TargetError('CLOSED', 'already');
        closed = true;
        await inner.close();
      },
    };
  }),
  mutant('does not dispose', ['close.dispose'], () => ({ [Symbol.asyncDispose]: async () => {} })),
  mutant(
    'goes on after close',
    [...OPERATIONS.map((name) => `close.later-${name}`), 'close.dispose'],
    () => ({
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }),
  ),
  mutant('shares its being closed', ['close.only-that'], (inner, store) => {
    const assertOpen = (): void => {
      if (closedStores.has(store)) throw new TargetError('CLOSED', 'closed');
    };
    return {
      put: async (key, body, options) => {
        assertOpen();
        return inner.put(key, body, options);
      },
      close: async () => void closedStores.add(store),
    };
  }),
  mutant('remembers what stat told', ['consistency.put'], (inner) => {
    const known = new Map<string, ObjectInfo>();
    return {
      stat: async (key, options) => {
        const info = known.get(key) ?? (await inner.stat(key, options));
        if (info !== undefined) known.set(key, info);
        return info;
      },
    };
  }),
  mutant('remembers what it has put', ['consistency.delete'], (inner) => {
    const known = new Map<string, ObjectInfo>();
    return {
      put: async (key, body, options) => {
        const info = await inner.put(key, body, options);
        known.set(key, info);
        return info;
      },
      stat: async (key, options) => known.get(key) ?? inner.stat(key, options),
    };
  }),
  mutant('has one buffer for all puts', ['concurrency.many-objects', 'concurrency.one-object'], (inner) => {
    let buffer: Uint8Array[] = [];
    return {
      put: async (key, body, options) => {
        buffer = [];
        for await (const chunk of body) buffer.push(Uint8Array.from(chunk));
        return inner.put(key, bodyOf(Buffer.concat(buffer)), options);
      },
    };
  }),
  putMutant(
    'writes into the object that is there',
    ['concurrency.one-object', 'concurrency.readers'],
    async (inner, key, body, options) => {
      const chunks = [await collect(body)];
      for (const chunk of chunks) {
        const half = Math.floor(chunk.length / 2);
        inner.store.set(
          key,
          Buffer.concat([
            chunk.subarray(0, half),
            inner.store.bytes(key)?.subarray(half) ?? new Uint8Array(0),
          ]),
        );
        await new Promise((resolve) => setImmediate(resolve));
        const rest = inner.store.bytes(key)?.subarray(0, half) ?? new Uint8Array(0);
        inner.store.set(key, Buffer.concat([rest, chunk.subarray(half)]));
      }
      return inner.put(
        key,
        bodyOf(inner.store.bytes(key) ?? new Uint8Array(0)),
        without(options, 'condition'),
      );
    },
  ),
];

const closedStores = new WeakSet();
