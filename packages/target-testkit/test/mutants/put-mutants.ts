import { TargetError } from '@quackup/target-api';
import { bodyOf } from '../../src/lib/bodies.ts';

import { collect, mapBody, type Mutant, mutant, putMutant, without } from './mutant.ts';

const MIB = 1024 * 1024;

const keepsAll = mutant('keeps the whole body in memory', ['put.bounded-memory'], () => ({}));

export const putMutants: readonly Mutant[] = [
  { ...keepsAll, large: true },
  putMutant('loses what is past 8 MiB', ['put.round-trip'], async (inner, key, body, options) => {
    let left = 8 * MIB;
    const cut = mapBody(body, (chunk) => {
      const part = chunk.subarray(0, left);
      left -= part.length;
      return part;
    });
    return inner.put(key, cut, options);
  }),
  putMutant(
    'stores no empty objects',
    ['put.round-trip', 'put.exact-size', 'put.chunk-sizes'],
    async (inner, key, body, options) => {
      const info = await inner.put(key, body, options);
      if (info.size === 0) await inner.delete(key);
      return info;
    },
  ),
  putMutant('takes an empty chunk for the end', ['put.chunk-sizes'], async (inner, key, body, options) => {
    const upToEmpty = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        if (chunk.length === 0) return;
        yield chunk;
      }
    };
    return inner.put(key, upToEmpty(), without(options, 'size'));
  }),
  putMutant('loses what is past 4 MiB of one chunk', ['put.one-large-chunk'], (inner, key, body, options) =>
    inner.put(
      key,
      mapBody(body, (chunk) => chunk.subarray(0, 4 * MIB)),
      options,
    ),
  ),
  putMutant(
    'reads the body twice, to know its size',
    ['put.read-once'],
    async (inner, key, body, options) => {
      await collect(body);
      return inner.put(key, body, options);
    },
  ),
  putMutant('asks for two chunks at once', ['put.read-once'], async (inner, key, body, options) => {
    const pairs = async function* (): AsyncGenerator<Uint8Array> {
      const iterator = body[Symbol.asyncIterator]();
      while (true) {
        for (const step of await Promise.all([iterator.next(), iterator.next()])) {
          if (step.done === true) return;
          yield step.value;
        }
      }
    };
    return inner.put(key, pairs(), options);
  }),
  putMutant('writes into its chunks', ['put.leaves-chunks'], async (inner, key, body, options) => {
    const chunks = mapBody(body, (chunk) => {
      const copy = Uint8Array.from(chunk);
      chunk.fill(0);
      return copy;
    });
    return inner.put(key, chunks, options);
  }),
  putMutant(
    'transfers the memory of large chunks',
    ['put.leaves-chunks'],
    async (inner, key, body, options) => {
      const chunks = mapBody(body, (chunk) => {
        const { buffer } = chunk;
        if (chunk.length < 100_000 || !(buffer instanceof ArrayBuffer)) return chunk;
        return new Uint8Array(buffer.transfer());
      });
      return inner.put(key, chunks, options);
    },
  ),
  putMutant('gives up a key for one below it', ['put.key-below-key'], async (inner, key, body, options) => {
    const info = await inner.put(key, body, options);
    for await (const other of inner.list())
      if (key.startsWith(`${other.key}/`)) await inner.delete(other.key);
    return info;
  }),
  putMutant('gives up keys for one above them', ['put.key-below-key'], async (inner, key, body, options) => {
    const info = await inner.put(key, body, options);
    for await (const other of inner.list({ prefix: `${key}/` })) await inner.delete(other.key);
    return info;
  }),
  putMutant(
    'says of a key below a key that it is wrong',
    ['put.key-below-key'],
    async (inner, key, body, options) => {
      for await (const other of inner.list())
        if (key.startsWith(`${other.key}/`)) throw new TargetError('INVALID_KEY', 'no room');
      return inner.put(key, body, options);
    },
  ),
  putMutant('takes size 0 for no size', ['put.too-long'], (inner, key, body, options) =>
    inner.put(key, body, options.size === 0 ? without(options, 'size') : options),
  ),
  putMutant(
    'returns the size of the last chunk',
    ['put.returns-info', 'put.round-trip'],
    async (inner, key, body, options) => {
      let size = 0;
      const info = await inner.put(
        key,
        mapBody(body, (chunk) => {
          size = chunk.length - 1;
          return chunk;
        }),
        options,
      );
      return { ...info, size };
    },
  ),
  putMutant('returns another etag than stat', ['put.returns-info'], async (inner, key, body, options) => {
    const info = await inner.put(key, body, options);
    return { ...info, etag: 'W/other' };
  }),
  putMutant('replaces only by something longer', ['put.replaces'], async (inner, key, body, options) => {
    const old = await inner.stat(key);
    const bytes = await collect(body);
    if (old !== undefined && old.size > bytes.length) return old;
    return inner.put(key, bodyOf(bytes), options);
  }),
  putMutant('has the length for an etag', ['put.etag-changes'], async (inner, key, body, options) => {
    const info = await inner.put(key, body, options);
    return { ...info, etag: `${info.size}` };
  }),
  putMutant(
    'shows what it has so far',
    ['put.hidden-until-resolved', 'put.old-until-resolved', 'list.hides-unfinished', 'concurrency.readers'],
    async (inner, key, body, options) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) {
        chunks.push(Uint8Array.from(chunk));
        inner.store.set(key, Buffer.concat(chunks));
      }
      return inner.put(key, bodyOf(Buffer.concat(chunks)), options);
    },
  ),
  putMutant(
    'deletes the old object first',
    ['put.old-until-resolved', 'put.body-error-keeps-old'],
    async (inner, key, body, options) => {
      if (options.condition === undefined) await inner.delete(key);
      return inner.put(key, body, options);
    },
  ),
  putMutant('wraps the body’s error', ['put.body-error-unwrapped'], async (inner, key, body, options) => {
    const wrapping = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* body;
      } catch (error) {
        throw new TargetError('UNKNOWN', 'put failed', { cause: error });
      }
    };
    return inner.put(key, wrapping(), options);
  }),
  putMutant(
    'stores what it has when the body fails',
    ['put.body-error-stores-nothing', 'put.body-error-keeps-old'],
    async (inner, key, body, options) => {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
      } catch (error) {
        inner.store.set(key, Buffer.concat(chunks));
        throw error;
      }
      return inner.put(key, bodyOf(Buffer.concat(chunks)), options);
    },
  ),
  putMutant(
    'completes a multipart upload that fails',
    ['put.body-error-after-parts'],
    async (inner, key, body, options) => {
      let length = 0;
      const counted = mapBody(body, (chunk) => {
        length += chunk.length;
        return chunk;
      });
      try {
        return await inner.put(key, counted, options);
      } catch (error) {
        if (length > 16 * MIB) inner.store.set(key, new Uint8Array(16 * MIB));
        throw error;
      }
    },
  ),
  putMutant(
    'does not notice a short body',
    ['put.too-short', 'put.size-mismatch-keeps-old'],
    async (inner, key, body, options) => {
      const bytes = await collect(body);
      const { size = bytes.length } = options;
      return inner.put(key, bodyOf(bytes), { ...options, size: Math.min(size, bytes.length) });
    },
  ),
  putMutant(
    'cuts a long body',
    ['put.too-long', 'put.size-mismatch-keeps-old'],
    async (inner, key, body, options) => {
      const bytes = (await collect(body)).subarray(0, options.size);
      return inner.put(key, bodyOf(bytes), options);
    },
  ),
  putMutant(
    'tells that the size is wrong when it has stored it',
    ['put.too-short', 'put.too-long', 'put.size-mismatch-keeps-old'],
    async (inner, key, body, options) => {
      const info = await inner.put(key, body, without(options, 'size'));
      if (options.size !== undefined && info.size !== options.size)
        throw new TargetError('SIZE_MISMATCH', 'wrong size');
      return info;
    },
  ),
  putMutant('refuses an empty object', ['put.exact-size'], async (inner, key, body, options) => {
    if (options.size === 0) throw new TargetError('SIZE_MISMATCH', 'empty');
    return inner.put(key, body, options);
  }),
  putMutant(
    'leaves the body open',
    ['put.closes-body', 'abort.put-closes-body'],
    (inner, key, body, options) => {
      const iterator = body[Symbol.asyncIterator]();
      return inner.put(key, { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }, options);
    },
  ),
  putMutant(
    'does not look at the declared size for its limit',
    ['put.too-large-declared'],
    (inner, key, body, options) => inner.put(key, body, without(options, 'size')),
    { maxObjectSize: 10 * MIB },
  ),
  mutant('does not count the body for its limit', ['put.too-large-body'], () => ({
    capabilities: { putIfAbsent: true, putIfMatch: true, maxObjectSize: 9 * MIB },
  })),
];
