import { bodyOf, pattern, ProbeBody } from '../bodies.ts';
import { check, checkRejects, checkRejectsWith } from '../check.ts';
import type { ConformanceCase } from '../conformance-case.ts';
import { checkAbsent, checkStored, store } from '../reading.ts';

const MIB = 1024 * 1024;
const CHUNK = pattern(64 * 1024, 1);

const failing = (chunks: readonly Uint8Array[], error: unknown): ProbeBody =>
  new ProbeBody([...chunks, () => Promise.reject(error)]);

/** What a put that fails leaves behind. */
export const putFailureCases: readonly ConformanceCase[] = [
  {
    id: 'put.body-error-unwrapped',
    sentence: 'errors: an error thrown by a put’s body passes unwrapped',
    safe: true,
    run: async ({ target, key }) => {
      for (const error of [new TypeError('of the body'), { reason: 'of the body' }]) {
        await checkRejectsWith(target.put(key('a'), failing([], error)), error, 'body that fails at once');
        await checkRejectsWith(
          target.put(key('a'), failing([CHUNK], error)),
          error,
          'body that fails after a chunk',
        );
      }
    },
  },
  {
    id: 'put.body-error-stores-nothing',
    sentence: 'put: not visible at all if it rejects',
    safe: true,
    run: async ({ target, key }) => {
      const error = new Error('of the body');
      await checkRejectsWith(target.put(key('a'), failing([CHUNK, CHUNK], error)), error, 'put');
      await checkAbsent(target, key('a'), 'after a put whose body failed');
    },
  },
  {
    id: 'put.body-error-after-parts',
    sentence: 'put: not visible at all if it rejects, however much was sent already',
    safe: true,
    slow: 2,
    run: async ({ target, key }) => {
      const error = new Error('of the body');
      const part = pattern(MIB, 2);
      const length = Math.min(17, Math.floor((target.capabilities.maxObjectSize ?? Infinity) / MIB));
      const parts = Array.from({ length }, () => part);
      await checkRejectsWith(target.put(key('a'), failing(parts, error)), error, 'put');
      await checkAbsent(target, key('a'), `after a put whose body failed at ${length} MiB`);
    },
  },
  {
    id: 'put.body-error-keeps-old',
    sentence: 'put: as it was before if it rejects',
    safe: true,
    run: async ({ target, key }) => {
      const old = pattern(5000, 3);
      await store(target, key('a'), old);
      const error = new Error('of the body');
      await checkRejectsWith(target.put(key('a'), failing([CHUNK], error)), error, 'put');
      await checkStored(target, key('a'), old, 'after a put whose body failed');
    },
  },
  {
    id: 'put.too-short',
    sentence:
      'PutOptions.size: a body of another length rejects with SIZE_MISMATCH and stores nothing (shorter)',
    safe: true,
    run: async ({ target, key }) => {
      const size = CHUNK.length + 1;
      await checkRejects(
        target.put(key('a'), bodyOf(CHUNK), { size }),
        'SIZE_MISMATCH',
        'body one byte too short',
      );
      await checkAbsent(target, key('a'), 'after a put whose body was too short');
      await checkRejects(target.put(key('b'), new ProbeBody([]), { size: 1 }), 'SIZE_MISMATCH', 'empty body');
      await checkAbsent(target, key('b'), 'after a put whose body was empty');
    },
  },
  {
    id: 'put.too-long',
    sentence:
      'PutOptions.size: a body of another length rejects with SIZE_MISMATCH and stores nothing (longer)',
    safe: true,
    run: async ({ target, key }) => {
      const size = CHUNK.length - 1;
      await checkRejects(
        target.put(key('a'), bodyOf(CHUNK), { size }),
        'SIZE_MISMATCH',
        'body one byte too long',
      );
      await checkAbsent(target, key('a'), 'after a put whose body was too long');
      await checkRejects(
        target.put(key('b'), bodyOf(CHUNK), { size: 0 }),
        'SIZE_MISMATCH',
        'body instead of none',
      );
      await checkAbsent(target, key('b'), 'after a put that should have been empty');
    },
  },
  {
    id: 'put.size-mismatch-keeps-old',
    sentence: 'put: as it was before if it rejects (SIZE_MISMATCH)',
    safe: true,
    run: async ({ target, key }) => {
      const old = pattern(5000, 4);
      await store(target, key('a'), old);
      for (const size of [CHUNK.length - 1, CHUNK.length + 1]) {
        await checkRejects(
          target.put(key('a'), bodyOf(CHUNK), { size }),
          'SIZE_MISMATCH',
          `put with size ${size}`,
        );
        await checkStored(target, key('a'), old, 'after a put of the wrong length');
      }
    },
  },
  {
    id: 'put.closes-body',
    sentence: 'put: the body is closed (`return()`) if it is not read to its end',
    safe: true,
    run: async ({ target, key }) => {
      const body = new ProbeBody(Array.from({ length: 1000 }, () => CHUNK));
      await checkRejects(
        target.put(key('a'), body, { size: 100 }),
        'SIZE_MISMATCH',
        'body that is far too long',
      );
      check(body.closed || body.finished, 'expected return() of a body that was not read to its end');
    },
  },
  {
    id: 'put.too-large-declared',
    sentence: 'put: throws TOO_LARGE if `size` exceeds maxObjectSize',
    requires: 'maxObjectSize',
    safe: true,
    run: async ({ target, key }) => {
      const size = (target.capabilities.maxObjectSize ?? 0) + 1;
      await checkRejects(
        target.put(key('a'), bodyOf(CHUNK), { size }),
        'TOO_LARGE',
        'put with too large a size',
      );
      await checkAbsent(target, key('a'), 'after a put that was too large');
    },
  },
  {
    id: 'put.too-large-body',
    sentence: 'put: throws TOO_LARGE if the body exceeds maxObjectSize',
    requires: 'small-limit',
    safe: true,
    run: async ({ target, key }) => {
      const bytes = pattern((target.capabilities.maxObjectSize ?? 0) + 1, 5);
      await checkRejects(target.put(key('a'), bodyOf(bytes)), 'TOO_LARGE', 'put of too large a body');
      await checkAbsent(target, key('a'), 'after a put that was too large');
      await store(target, key('b'), bytes.subarray(1));
      await checkStored(target, key('b'), bytes.subarray(1), 'object of the largest size');
    },
  },
];
