// The layout of a bucket:
//
//   <prefix><key>     the object, with custom metadata quackup-put: who wrote it
import {
  API_VERSION,
  type DeleteOptions,
  type GetOptions,
  isTargetError,
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

import { GcsConnection } from './gcs-connection.ts';
import type { GcsOptions } from './gcs-options.ts';
import { listObjects } from './list-objects.ts';
import { infoOf } from './object-resource.ts';
import type { GcsEnvironment } from './open-gcs-target.ts';
import { headIfPresent, type PutContext } from './put-context.ts';
import { MAX_OBJECT_SIZE, putObject } from './put-object.ts';
import { readObject } from './read-object.ts';

const RETRY_MS = 250;
// As many as parts that are sent.
const PARALLEL_READS = 4;

/** A bucket, or a prefix in one, as a target. */
export class GcsTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 'gcs';
  readonly displayName: string;
  readonly capabilities: TargetCapabilities = {
    putIfAbsent: true,
    putIfMatch: true,
    maxObjectSize: MAX_OBJECT_SIZE,
  };
  readonly parallelReads: number = PARALLEL_READS;
  readonly #connection: GcsConnection;
  readonly #puts: PutContext;
  readonly #cleanUps = new Set<Promise<void>>();
  #closed = false;

  /** See `openGcsTarget`. */
  constructor(options: GcsOptions, environment: GcsEnvironment) {
    const connection = new GcsConnection(options, environment);
    this.#connection = connection;
    this.displayName = connection.place;
    const cleanUp = (work: Promise<void>): void => {
      const kept = work.finally(() => this.#cleanUps.delete(kept));
      this.#cleanUps.add(kept);
    };
    this.#puts = { connection, options, retryMs: environment.retryMs ?? RETRY_MS, cleanUp };
  }

  async put(key: ObjectKey, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#begin(options.signal);
    return putObject(this.#puts, key, body, options);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    this.#begin(options.signal);
    return readObject(this.#connection, key, options);
  }

  async stat(key: ObjectKey, { signal }: StatOptions = {}): Promise<ObjectInfo | undefined> {
    this.#begin(signal);
    const there = await headIfPresent(this.#connection, key, signal);
    return there && infoOf(key, there);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(options.signal);
    yield* listObjects(this.#connection, options);
  }

  /** With versioning or soft delete Google keeps what was there; it does not show any more. */
  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    const url = this.#connection.pathOf(key);
    try {
      await this.#connection.call({ what: `delete of "${key}"`, signal, method: 'DELETE', url });
    } catch (error) {
      if (!isTargetError(error) || error.code !== 'NOT_FOUND') throw error;
    }
  }

  /** Waits until uploads that failed are cancelled. Connections are Node's own and end by themselves when they are idle. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#cleanUps);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new TargetError('CLOSED', `${this.displayName} was closed`);
    signal?.throwIfAborted();
  }
}
