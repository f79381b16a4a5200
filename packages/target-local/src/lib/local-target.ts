import { isAbsolute } from 'node:path';

import {
  API_VERSION,
  type DeleteOptions,
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  type PutOptions,
  type StatOptions,
  type StorageTarget,
  type TargetCapabilities,
  TargetError,
} from '@quackup/target-api';

import { deleteObjects } from './delete-objects.ts';
import { listObjects } from './list-objects.ts';
import { makeRoot } from './make-folders.ts';
import { findObject, infoOf, placeOf } from './object-place.ts';
import { readObject } from './read-object.ts';
import { removeStaleParts } from './stale-parts.ts';
import { writeObject } from './write-object.ts';

export interface LocalTargetOptions {
  /** Whether the file system has hard links, which `if-absent` needs. Default: true. */
  readonly hardLinks?: boolean;
  /** Tells which unfinished puts are old enough to be removed. Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * A folder as a target: each object is an ordinary file, its key is its path.
 *
 * `if-match` is denied: there is no call that replaces a file only if it is still the same one, and a lock file either
 * outlives a crash or is broken while its holder only sleeps.
 */
export class LocalTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 'local';
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  readonly #root: string;
  readonly #now: () => Date;
  #closed = false;
  #swept: Promise<void> | undefined;

  /**
   * @param folder Absolute path. Need not be there: the first put makes it, but not its parent.
   * @throws TargetError `INVALID_OPTIONS` if the path is not absolute.
   */
  constructor(folder: string, options: LocalTargetOptions = {}) {
    if (!isAbsolute(folder)) throw new TargetError('INVALID_OPTIONS', `"${folder}" is not an absolute path`);
    this.#root = folder;
    this.#now = options.now ?? (() => new Date());
    this.displayName = folder;
    this.capabilities = { putIfAbsent: options.hardLinks ?? true, putIfMatch: false };
  }

  async put(key: ObjectKey, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#begin(options.signal);
    const { condition } = options;
    if (condition !== undefined && !(condition.type === 'if-absent' && this.capabilities.putIfAbsent)) {
      throw new TargetError('UNSUPPORTED', `put of "${key}": ${this.#root} cannot do ${condition.type}`);
    }
    this.#swept ??= this.#sweep();
    await this.#swept;
    return writeObject(this.#root, key, body, options);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    this.#begin(options.signal);
    return readObject(this.#root, key, options);
  }

  async stat(key: ObjectKey, { signal }: StatOptions = {}): Promise<ObjectInfo | undefined> {
    this.#begin(signal);
    const stats = await findObject(this.#root, placeOf(this.#root, key));
    signal?.throwIfAborted();
    return stats && infoOf(key, stats);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(options.signal);
    yield* listObjects(this.#root, options);
  }

  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    await deleteObjects(this.#root, [key], signal);
  }

  async deleteMany(keys: readonly ObjectKey[], { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    await deleteObjects(this.#root, keys, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new TargetError('CLOSED', `${this.#root} was closed`);
    signal?.throwIfAborted();
  }

  /** Once for each target that is opened: at its first put. */
  async #sweep(): Promise<void> {
    await removeStaleParts(await makeRoot(this.#root), this.#now());
  }
}
