// The layout of a bucket:
//
//   <prefix><key>                        the object, with x-amz-meta-quackup-put: who wrote it
//   <prefix>.quackup/conditional-put     a line of text, see condition-probe.ts; no key, so never listed
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
  type PutCondition,
  type PutOptions,
  type StatOptions,
  type StorageTarget,
  type TargetCapabilities,
  TargetError,
} from '@quackup/target-api';

import { knowsIfAbsent } from './condition-probe.ts';
import { deleteObject, deleteObjects } from './delete-objects.ts';
import { listObjects } from './list-objects.ts';
import type { S3Environment } from './open-s3-target.ts';
import { MIB, planParts } from './part-plan.ts';
import { headIfPresent, type PutContext } from './put-context.ts';
import { putObject } from './put-object.ts';
import { infoOf, readObject } from './read-object.ts';
import { repeatRequest } from './repeat-request.ts';
import { S3Connection } from './s3-connection.ts';
import { isAmazon, type S3Options } from './s3-options.ts';
import { listUnfinishedUploads, removeStaleUploads, type UnfinishedUpload } from './unfinished-uploads.ts';

export type { UnfinishedUpload };

const RETRY_MS = 250;
// As many as parts that are sent.
const PARALLEL_READS = 4;
// Nobody waits for it but `close`.
const SWEEP_MS = 10_000;

/** A bucket, or a prefix in one, as a target. */
export class S3Target implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 's3';
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  readonly parallelReads: number = PARALLEL_READS;
  readonly #connection: S3Connection;
  readonly #puts: PutContext;
  readonly #cleanUps = new Set<Promise<void>>();
  #closed = false;
  #swept: Promise<void> | undefined;

  private constructor(
    connection: S3Connection,
    options: S3Options,
    conditions: Pick<TargetCapabilities, 'putIfAbsent' | 'putIfMatch'>,
    { now = () => new Date(), retryMs = RETRY_MS }: S3Environment,
  ) {
    const { partSizeMiB } = options;
    this.#connection = connection;
    this.displayName = connection.place;
    this.capabilities = {
      ...conditions,
      maxObjectSize: planParts(partSizeMiB && partSizeMiB * MIB).maxObjectSize,
    };
    const cleanUp = async (work: Promise<void>): Promise<void> => {
      this.#cleanUps.add(work);
      await work.finally(() => this.#cleanUps.delete(work));
    };
    this.#puts = { connection, options, now, retryMs, cleanUp };
  }

  /** See `openS3Target`. */
  static async open(options: S3Options, environment: S3Environment): Promise<S3Target> {
    const connection = new S3Connection(options);
    try {
      const conditions = await conditionsOf(connection, options, environment);
      return new S3Target(connection, options, conditions, environment);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async put(key: ObjectKey, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#begin(options.signal);
    this.#refuseDenied(key, options.condition);
    this.#swept ??= this.#sweep();
    return putObject(this.#puts, key, body, options);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    this.#begin(options.signal);
    return readObject(this.#connection, key, options);
  }

  async stat(key: ObjectKey, { signal }: StatOptions = {}): Promise<ObjectInfo | undefined> {
    this.#begin(signal);
    const there = await headIfPresent(this.#connection, key, signal);
    return there && infoOf(key, there.size, there.etag, there.modifiedAt);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(options.signal);
    yield* listObjects(this.#connection, options);
  }

  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    await deleteObject(this.#connection, key, signal);
  }

  async deleteMany(keys: readonly ObjectKey[], { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    await deleteObjects(this.#connection, keys, signal);
  }

  /** Uploads under the prefix that are neither completed nor aborted, also those that are going on right now. */
  async *unfinishedUploads({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<
    UnfinishedUpload,
    void
  > {
    this.#begin(signal);
    yield* listUnfinishedUploads(this.#connection, signal);
  }

  /**
   * Aborts uploads under the prefix that were begun more than a day ago and have got no part since then. The first put
   * does the same, but passes over a lack of permission.
   *
   * @returns Those that were aborted.
   */
  async removeStaleUploads({ signal }: { readonly signal?: AbortSignal } = {}): Promise<
    readonly UnfinishedUpload[]
  > {
    this.#begin(signal);
    return removeStaleUploads(this.#connection, this.#puts.now(), signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([this.#swept, ...this.#cleanUps]);
    this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new TargetError('CLOSED', `${this.displayName} was closed`);
    signal?.throwIfAborted();
  }

  #refuseDenied(key: ObjectKey, condition: PutCondition | undefined): void {
    const { putIfAbsent, putIfMatch } = this.capabilities;
    if (condition === undefined || (condition.type === 'if-absent' ? putIfAbsent : putIfMatch)) return;
    throw new TargetError('UNSUPPORTED', `put of "${key}": ${this.displayName} cannot do ${condition.type}`, {
      hint: 'see conditionalPuts in the README',
    });
  }

  /** Once for each target that is opened: at its first put, beside it. */
  async #sweep(): Promise<void> {
    const signal = AbortSignal.timeout(SWEEP_MS);
    try {
      await removeStaleUploads(this.#connection, this.#puts.now(), signal);
    } catch (error) {
      // Nothing of a put depends on it: it may not be allowed, the service may not know it, and it comes again.
      if (!isTargetError(error) && error !== signal.reason) throw error;
    }
  }
}

/** Which conditions the bucket's service knows. */
async function conditionsOf(
  connection: S3Connection,
  { conditionalPuts = 'auto', endpoint }: S3Options,
  { signal, retryMs = RETRY_MS }: S3Environment,
): Promise<Pick<TargetCapabilities, 'putIfAbsent' | 'putIfMatch'>> {
  if (conditionalPuts === 'always' || (conditionalPuts === 'auto' && isAmazon(endpoint)))
    return { putIfAbsent: true, putIfMatch: true };
  if (conditionalPuts === 'never') return { putIfAbsent: false, putIfMatch: false };
  const putIfAbsent = await repeatRequest(() => knowsIfAbsent(connection, signal), { retryMs, signal });
  return { putIfAbsent: putIfAbsent === true, putIfMatch: false };
}
