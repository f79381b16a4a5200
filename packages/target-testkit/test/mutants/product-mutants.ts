import { setImmediate } from 'node:timers/promises';

import { defineTarget, isTargetError, type TargetDefinition, TargetError } from '@quackup/target-api';

import { PASSWORD } from '../memory-definition.ts';
import { type Mutant, mutant, passBody, putMutant, wrong } from './mutant.ts';

const MIB = 1024 * 1024;
const ABORTED = new DOMException('This operation was aborted', 'AbortError');

/** A definition that is wrong in one way, of targets that are right. */
const definitionMutant = (
  name: string,
  caughtBy: string,
  change: (definition: TargetDefinition) => TargetDefinition,
): Mutant => ({ ...mutant(name, [caughtBy], () => ({})), only: true, definition: change });

const only = (one: Mutant): Mutant => ({ ...one, only: true });

/** An error of the library's own for an abort that comes when the call has begun; one that was there before is seen. */
const abortedLate = async <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> => {
  signal?.throwIfAborted();
  await setImmediate();
  if (signal?.aborted === true) throw ABORTED;
  return work();
};

/** Mutants that no case but the one that is named may notice: what each of these cases is there for. */
export const productMutants: readonly Mutant[] = [
  ...(['if-absent', 'if-match'] as const).map((type) =>
    only(
      putMutant(
        `forgets ${type} when it completes a multipart upload`,
        [`${type}.many-parts`],
        async (inner, key, body, options) => {
          const chunks: Uint8Array[] = [];
          const kept = passBody(body, (chunk) => {
            chunks.push(chunk);
            return chunk;
          });
          try {
            return await inner.put(key, kept, options);
          } catch (error) {
            const bytes = Buffer.concat(chunks);
            const forgets = bytes.length > 8 * MIB && options.condition?.type === type;
            if (!forgets || !isTargetError(error) || error.code !== 'PRECONDITION_FAILED') throw error;
            return inner.store.put(key, bytes);
          }
        },
      ),
    ),
  ),
  only(
    putMutant(
      'leaves a part that shows when a body fails',
      ['list.hides-failed'],
      async (inner, key, body, options) => {
        let length = 0;
        const counted = passBody(body, (chunk) => {
          length += chunk.length;
          return chunk;
        });
        try {
          return await inner.put(key, counted, options);
        } catch (error) {
          if (length >= 65_536 && !isTargetError(error)) inner.store.set(`${key}.part`, new Uint8Array(3));
          throw error;
        }
      },
    ),
  ),
  only(
    mutant('lists every name that there is', ['list.hides-foreign'], (inner, store) => ({
      list: async function* ({ prefix = '', startAfter = '', signal } = {}) {
        signal?.throwIfAborted();
        // As the reference does it when it is closed.
        for await (const _ of inner.list({ prefix: 'none/' })) return;
        for (const [key, { length: size }] of store.objects) {
          signal?.throwIfAborted();
          const known = store.info(wrong(key));
          if (known !== undefined && key.startsWith(prefix) && key > startAfter) yield { ...known, size };
        }
      },
    })),
  ),
  only(
    mutant('throws an error of its own when a put is aborted early', ['abort.after-start-put'], (inner) => ({
      put: (key, body, options) => abortedLate(options?.signal, () => inner.put(key, body, options)),
    })),
  ),
  only(
    mutant('throws an error of its own when a get is aborted early', ['abort.after-start-get'], (inner) => ({
      get: (key, options) => abortedLate(options?.signal, () => inner.get(key, options)),
    })),
  ),
  only(
    mutant(
      'throws an error of its own when a stat is aborted early',
      ['abort.after-start-stat'],
      (inner) => ({
        stat: (key, options) => abortedLate(options?.signal, () => inner.stat(key, options)),
      }),
    ),
  ),
  only(
    mutant(
      'throws an error of its own when a delete is aborted early',
      ['abort.after-start-delete'],
      (inner) => ({
        delete: (key, options) => abortedLate(options?.signal, () => inner.delete(key, options)),
      }),
    ),
  ),
  only(
    mutant(
      'throws an error of its own when a list is aborted early',
      ['abort.after-start-list'],
      (inner) => ({
        list: async function* (options = {}) {
          await abortedLate(options.signal, async () => {});
          yield* inner.list(options);
        },
      }),
    ),
  ),
  only(
    mutant('hides what it should have deleted, from itself', ['delete-many.seen-elsewhere'], (inner) => {
      const hidden = new Set<string>();
      return {
        // Nothing of the model, which looks from both sides.
        deleteMany: async (keys, options) => {
          if (keys.some((key) => key.includes('model.'))) return inner.deleteMany(keys, options);
          await inner.deleteMany([], options);
          for (const key of keys) hidden.add(key);
        },
        put: (key, body, options) => {
          hidden.delete(key);
          return inner.put(key, body, options);
        },
        get: async (key, options) => {
          if (hidden.has(key)) throw new TargetError('NOT_FOUND', 'there is no such object');
          return inner.get(key, options);
        },
        stat: async (key, options) => (hidden.has(key) ? undefined : inner.stat(key, options)),
        list: async function* (options) {
          for await (const info of inner.list(options)) if (!hidden.has(info.key)) yield info;
        },
      };
    }),
  ),
  only(
    mutant('counts the age of objects backwards', ['stat.modified-advances'], (inner) => {
      let writes = 0;
      return {
        put: (key, body, options) => {
          writes += 1;
          return inner.put(key, body, options);
        },
        stat: async (key, options) => {
          const info = await inner.stat(key, options);
          return info && { ...info, modifiedAt: new Date(info.modifiedAt.getTime() - writes * 60_000) };
        },
      };
    }),
  ),
  only(
    mutant('shows its password in its name', ['identity.no-secrets'], () => ({
      displayName: `memory:${PASSWORD}`,
    })),
  ),
  only(
    mutant('shows its password in an error', ['identity.no-secrets'], (inner) => ({
      get: async (key, options) => {
        try {
          return await inner.get(key, options);
        } catch (error) {
          if (!(error instanceof TargetError)) throw error;
          const cause = { request: { headers: { authorization: PASSWORD } } };
          throw new TargetError(error.code, error.message, { cause });
        }
      },
    })),
  ),
  only(
    mutant('says that what is not there may be there later', ['errors.final'], (inner) => ({
      get: async (key, options) => {
        try {
          return await inner.get(key, options);
        } catch (error) {
          if (!(error instanceof TargetError) || error.code !== 'NOT_FOUND') throw error;
          throw new TargetError('NOT_FOUND', error.message, { retryable: true });
        }
      },
    })),
  ),
  only(
    mutant('has one cursor for all lists', ['concurrency.lists'], (inner) => {
      let last = '';
      return {
        list: async function* (options = {}) {
          last = options.startAfter ?? '';
          for (;;) {
            const next = await inner.list({ ...options, startAfter: last }).next();
            if (next.done === true) return;
            last = next.value.key;
            yield next.value;
          }
        },
      };
    }),
  ),
  only(
    mutant(
      'removes a folder that was empty a moment ago',
      ['concurrency.put-and-delete'],
      (inner, store) => ({
        delete: async (key, options) => {
          await inner.delete(key, options);
          const folder = key.slice(0, key.lastIndexOf('/') + 1);
          if (folder === '' || store.keys().some((each) => each.startsWith(folder))) return;
          await setImmediate();
          for (const each of store.keys()) if (each.startsWith(folder)) store.remove(each);
        },
      }),
    ),
  ),
  only(
    mutant('spares what was put twice when it deletes many', ['model.sequences'], (inner) => {
      const puts = new Map<string, number>();
      return {
        put: async (key, body, options) => {
          const info = await inner.put(key, body, options);
          puts.set(key, (puts.get(key) ?? 0) + 1);
          return info;
        },
        deleteMany: (keys, options) =>
          inner.deleteMany(
            keys.filter((key) => (puts.get(key) ?? 0) < 2),
            options,
          ),
      };
    }),
  ),
  {
    ...only(
      putMutant('loses a part of a large object', ['put.large-object'], async (inner, key, body, options) => {
        let position = 0;
        const damaged = passBody(body, (chunk) => {
          const lost = position === 64 * MIB;
          position += chunk.length;
          return lost ? new Uint8Array(chunk.length) : chunk;
        });
        return inner.put(key, damaged, options);
      }),
    ),
    large: true,
  },
  definitionMutant('names a secret twice', 'definition.shape', (definition) => ({
    ...definition,
    secretOptions: ['password', 'password'],
  })),
  definitionMutant('has another type than its targets', 'definition.opens', (definition) =>
    defineTarget({ ...definition, type: 'other' }),
  ),
  definitionMutant('takes every option', 'definition.unknown-keys', (definition) => ({
    ...definition,
    optionsSchema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  })),
  definitionMutant('does not hear that opening is aborted', 'definition.abort', (definition) => ({
    ...definition,
    open: (options, context) => definition.open(options, { baseDir: context.baseDir }),
  })),
];
