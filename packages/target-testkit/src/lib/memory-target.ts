import { Readable } from 'node:stream';

import {
  API_VERSION,
  type ByteRange,
  type DeleteOptions,
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  type PutCondition,
  type PutOptions,
  readBody,
  type StatOptions,
  type StorageTarget,
  type TargetCapabilities,
  TargetError,
} from '@quackup/target-api';

import { destroyWith } from './destroy-with.ts';
import { MemoryStore } from './memory-store.ts';

// As services deliver: more than one chunk for all but the smallest objects.
const CHUNK_SIZE = 65_536;

export interface MemoryTargetOptions {
  /** Where the objects are. Two targets with one store are two connections to one place. Default: a new one. */
  readonly store?: MemoryStore;
  /** What to deny or limit. Default: everything, without limit. */
  readonly capabilities?: Partial<TargetCapabilities>;
  /** Clock of a new store; not used if `store` is given. */
  readonly now?: () => Date;
}

/** The reference implementation of the contract: keeps objects in memory. Its objects are all that it may grow by. */
export class MemoryTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 'memory';
  readonly displayName: string = 'memory';
  readonly capabilities: TargetCapabilities;
  readonly store: MemoryStore;
  #closed = false;

  constructor(options: MemoryTargetOptions = {}) {
    this.store = options.store ?? new MemoryStore(options.now === undefined ? {} : { now: options.now });
    this.capabilities = { putIfAbsent: true, putIfMatch: true, ...options.capabilities };
  }

  /** A copy of all contents, by key in ascending order. */
  get objects(): Map<string, Uint8Array> {
    return this.store.objects;
  }

  async put(
    key: ObjectKey,
    body: ObjectBody,
    { signal, size, condition }: PutOptions = {},
  ): Promise<ObjectInfo> {
    this.#begin(signal);
    this.#refuseDenied(key, condition);
    this.#checkLength(key, size ?? 0, undefined);
    this.#checkCondition(key, condition);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of readBody(body, signal)) {
      chunks.push(Uint8Array.from(chunk));
      length += chunk.length;
      if (size === undefined || length > size) this.#checkLength(key, length, size);
    }
    if (size !== undefined && length !== size) throw sizeMismatch(key, length, size);
    signal?.throwIfAborted();
    // From here to the end nothing is awaited, so the condition still holds when the object is stored.
    this.#checkCondition(key, condition);
    return this.store.put(key, Buffer.concat(chunks));
  }

  async get(key: ObjectKey, { signal, range }: GetOptions = {}): Promise<ObjectRead> {
    this.#begin(signal);
    if (range !== undefined) checkRange(key, range);
    const info = this.store.info(key);
    const bytes = this.store.bytes(key);
    if (info === undefined || bytes === undefined)
      throw new TargetError('NOT_FOUND', `there is no object "${key}"`);
    return { info, body: streamOf(bytes.subarray(range?.start ?? 0, range?.end), signal) };
  }

  async stat(key: ObjectKey, { signal }: StatOptions = {}): Promise<ObjectInfo | undefined> {
    this.#begin(signal);
    return this.store.info(key);
  }

  async *list({ signal, prefix = '', startAfter = '' }: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(signal);
    for (const key of this.store.keys()) {
      signal?.throwIfAborted();
      const info = key.startsWith(prefix) && key > startAfter ? this.store.info(key) : undefined;
      if (info !== undefined) yield info;
    }
    signal?.throwIfAborted();
  }

  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    this.store.remove(key);
  }

  async deleteMany(keys: readonly ObjectKey[], { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    for (const key of keys) this.store.remove(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new TargetError('CLOSED', 'the target was closed');
    signal?.throwIfAborted();
  }

  #refuseDenied(key: ObjectKey, condition: PutCondition | undefined): void {
    const { putIfAbsent, putIfMatch } = this.capabilities;
    const denied =
      (condition?.type === 'if-absent' && !putIfAbsent) || (condition?.type === 'if-match' && !putIfMatch);
    if (denied)
      throw new TargetError('UNSUPPORTED', `put of "${key}": this target does not do ${condition.type}`);
  }

  #checkLength(key: ObjectKey, length: number, size: number | undefined): void {
    if (size !== undefined && length > size) throw sizeMismatch(key, length, size);
    const { maxObjectSize = Number.POSITIVE_INFINITY } = this.capabilities;
    if (length > maxObjectSize)
      throw new TargetError('TOO_LARGE', `"${key}" is larger than ${maxObjectSize} bytes`);
  }

  #checkCondition(key: ObjectKey, condition: PutCondition | undefined): void {
    if (condition === undefined) return;
    const etag = this.store.info(key)?.etag;
    const holds = condition.type === 'if-absent' ? etag === undefined : etag === condition.etag;
    if (!holds)
      throw new TargetError('PRECONDITION_FAILED', `put of "${key}": ${condition.type} does not hold`);
  }
}

function sizeMismatch(key: ObjectKey, length: number, size: number): TargetError {
  const what = length > size ? `at least ${length}` : `${length}`;
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${what} bytes instead of ${size}`);
}

function checkRange(key: ObjectKey, { start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new TargetError('INVALID_RANGE', `get of "${key}": ${start} to ${end} is not a range`);
}

function streamOf(bytes: Uint8Array, signal: AbortSignal | undefined): Readable {
  let position = 0;
  const body = new Readable({
    read() {
      // A copy: the reader may do with it what it likes.
      const chunk = Buffer.from(bytes.subarray(position, position + CHUNK_SIZE));
      position += chunk.length;
      this.push(chunk.length === 0 ? null : chunk);
    },
  });
  const onAbort = (): void => destroyWith(body, signal?.reason);
  signal?.addEventListener('abort', onAbort);
  body.once('close', () => signal?.removeEventListener('abort', onAbort));
  return body;
}
