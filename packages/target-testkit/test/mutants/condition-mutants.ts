import type { PutOptions } from '@quackup/target-api';
import { TargetError } from '@quackup/target-api';

import type { MemoryTarget } from '../../src/index.ts';
import { bodyOf } from '../../src/lib/bodies.ts';
import { collect, type Mutant, mutant, putMutant, without } from './mutant.ts';

const failed = (): TargetError => new TargetError('PRECONDITION_FAILED', 'the condition does not hold');

/** Looks at the condition as `MemoryTarget` does, but not when it stores. */
function holdsNow(
  inner: MemoryTarget,
  key: Parameters<MemoryTarget['stat']>[0],
  { condition }: PutOptions,
): boolean {
  const etag = inner.store.info(key)?.etag;
  if (condition === undefined) return true;
  return condition.type === 'if-absent' ? etag === undefined : etag === condition.etag;
}

export const conditionMutants: readonly Mutant[] = [
  putMutant('ignores if-absent', ['if-absent.refuses', 'if-absent.one-winner'], (inner, key, body, options) =>
    inner.put(key, body, options.condition?.type === 'if-absent' ? without(options, 'condition') : options),
  ),
  putMutant('ignores if-match', ['if-match.refuses', 'if-match.one-winner'], (inner, key, body, options) =>
    inner.put(key, body, options.condition?.type === 'if-match' ? without(options, 'condition') : options),
  ),
  putMutant('takes an empty object for none', ['if-absent.refuses'], async (inner, key, body, options) => {
    const old = await inner.stat(key);
    return inner.put(key, body, old?.size === 0 ? without(options, 'condition') : options);
  }),
  mutant('remembers deleted objects for if-absent', ['if-absent.stores'], (inner) => {
    const known = new Set<string>();
    return {
      put: async (key, body, options) => {
        if (known.has(key) && options?.condition?.type === 'if-absent') throw failed();
        known.add(key);
        return inner.put(key, body, options);
      },
    };
  }),
  putMutant(
    'reads one chunk before it refuses',
    ['if-absent.closes-body'],
    async (inner, key, body, options) => {
      if (!holdsNow(inner, key, options)) {
        await body[Symbol.asyncIterator]().next();
        throw failed();
      }
      return inner.put(key, body, options);
    },
  ),
  putMutant(
    'looks at the condition only before it reads',
    [
      'if-absent.judged-at-the-end',
      'if-match.judged-at-the-end',
      'if-absent.one-winner',
      'if-match.one-winner',
    ],
    async (inner, key, body, options) => {
      if (!holdsNow(inner, key, options)) throw failed();
      return inner.put(key, body, without(options, 'condition'));
    },
  ),
  putMutant(
    'looks at the condition, and stores a moment later',
    ['if-absent.one-winner', 'if-match.one-winner'],
    async (inner, key, body, options) => {
      const bytes = await collect(body);
      if (!holdsNow(inner, key, options)) throw failed();
      await Promise.resolve();
      return inner.put(key, bodyOf(bytes), without(options, 'condition'));
    },
  ),
  putMutant(
    'ignores conditions that it denies',
    ['if-absent.denied', 'if-match.denied'],
    (inner, key, body, options) => inner.put(key, body, without(options, 'condition')),
    { putIfAbsent: false, putIfMatch: false },
  ),
  putMutant(
    'reads the body before it refuses a denied condition',
    ['if-absent.denied', 'if-match.denied'],
    async (inner, key, body, options) => {
      if (options.condition !== undefined) await collect(body);
      return inner.put(key, body, options);
    },
    { putIfAbsent: false, putIfMatch: false },
  ),
  mutant('claims if-match and has no etag in lists', ['if-match.etag', 'list.info'], (inner) => ({
    list: async function* (options) {
      for await (const info of inner.list(options)) yield without(info, 'etag');
    },
  })),
  putMutant('knows no etag but the first', ['if-match.replaces'], async (inner, key, body, options) => {
    const info = await inner.put(key, body, options);
    return options.condition?.type === 'if-match' ? { ...info, etag: options.condition.etag } : info;
  }),
];
