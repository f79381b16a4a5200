import type {
  ObjectBody,
  ObjectInfo,
  ObjectKey,
  PutOptions,
  StorageTarget,
  TargetDefinition,
} from '@quackup/target-api';

import { type MemoryStore, MemoryTarget, type MemoryTargetOptions } from '../../src/index.ts';

/** A target that breaks the contract in one way, and the cases that must notice. */
export interface Mutant {
  readonly name: string;
  readonly caughtBy: readonly string[];
  readonly large?: boolean;
  /** Whether no other case may notice. */
  readonly only?: boolean;
  /** Changes what the package exports. */
  readonly definition?: (definition: TargetDefinition) => TargetDefinition;
  connect(store: MemoryStore): StorageTarget;
}

type Changes = (inner: MemoryTarget, store: MemoryStore) => Partial<StorageTarget>;

/** A `MemoryTarget` with some of its members replaced. */
export function mutant(
  name: string,
  caughtBy: readonly string[],
  changes: Changes,
  capabilities: MemoryTargetOptions['capabilities'] = {},
): Mutant {
  return {
    name,
    caughtBy,
    connect: (store) => {
      const inner = new MemoryTarget({ store, capabilities });
      const delegate: StorageTarget = {
        apiVersion: inner.apiVersion,
        type: inner.type,
        displayName: inner.displayName,
        capabilities: inner.capabilities,
        put: (key, body, options) => inner.put(key, body, options),
        get: (key, options) => inner.get(key, options),
        stat: (key, options) => inner.stat(key, options),
        list: (options) => inner.list(options),
        delete: (key, options) => inner.delete(key, options),
        deleteMany: (keys, options) => inner.deleteMany(keys, options),
        close: () => inner.close(),
        [Symbol.asyncDispose]: () => inner.close(),
      };
      return { ...delegate, ...changes(inner, store) };
    },
  };
}

/** A mutant of `put` only. */
export function putMutant(
  name: string,
  caughtBy: readonly string[],
  put: (inner: MemoryTarget, key: ObjectKey, body: ObjectBody, options: PutOptions) => Promise<ObjectInfo>,
  capabilities?: MemoryTargetOptions['capabilities'],
): Mutant {
  return mutant(
    name,
    caughtBy,
    (inner) => ({ put: (key, body, options = {}) => put(inner, key, body, options) }),
    capabilities,
  );
}

/** The body, changed chunk by chunk. */
export async function* mapBody(
  body: ObjectBody,
  change: (chunk: Uint8Array, index: number) => Uint8Array,
): ObjectBody {
  let index = 0;
  for await (const chunk of body) {
    yield change(chunk, index);
    index += 1;
  }
}

/** As {@link mapBody}, but closed at once, also while it waits: an async generator would wait for the next chunk. */
export function passBody(body: ObjectBody, change: (chunk: Uint8Array) => Uint8Array): ObjectBody {
  return {
    [Symbol.asyncIterator]: () => {
      const inner = body[Symbol.asyncIterator]();
      return {
        next: async () => {
          const step = await inner.next();
          return step.done === true ? step : { done: false, value: change(step.value) };
        },
        return: async () => inner.return?.() ?? { done: true, value: undefined },
      };
    },
  };
}

/** Options without one of their members. */
export function without<T extends object, K extends keyof T>(options: T, name: K): Omit<T, K> {
  const { [name]: _, ...rest } = options;
  return rest;
}

/** Reads a body to its end, as a careless target does it. */
export async function collect(body: ObjectBody): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

/** A value of the wrong type. */
export function wrong(value: unknown): never {
  // A mutant may lie.
  return value as never;
}
