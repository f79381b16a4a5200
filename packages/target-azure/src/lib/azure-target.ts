// The layout of a container:
//
//   <prefix><key>     a block blob, with metadata quackup_put: who wrote it
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

import { AzureConnection } from './azure-connection.ts';
import type { AzureOptions } from './azure-options.ts';
import { MIB, planBlocks } from './block-plan.ts';
import { accessContainer } from './container-access.ts';
import { listObjects } from './list-objects.ts';
import type { AzureEnvironment } from './open-azure-target.ts';
import { headIfPresent, type PutContext } from './put-context.ts';
import { putObject } from './put-object.ts';
import { readObject } from './read-object.ts';

const RETRY_MS = 250;
// As many as parts that are sent.
const PARALLEL_READS = 4;

/** A container, or a prefix in one, as a target. */
export class AzureTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 'azure';
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  readonly parallelReads: number = PARALLEL_READS;
  readonly #connection: AzureConnection;
  readonly #puts: PutContext;
  #closed = false;

  private constructor(connection: AzureConnection, options: AzureOptions, retryMs: number) {
    const { blockSizeMiB } = options;
    this.#connection = connection;
    this.#puts = { connection, options, retryMs };
    this.displayName = connection.place;
    const { maxObjectSize } = planBlocks(blockSizeMiB === undefined ? undefined : blockSizeMiB * MIB);
    this.capabilities = { putIfAbsent: true, putIfMatch: true, maxObjectSize };
  }

  /** See `openAzureTarget`. */
  static async open(options: AzureOptions, environment: AzureEnvironment): Promise<AzureTarget> {
    const { credential, now = () => new Date(), retryMs = RETRY_MS } = environment;
    const access = await accessContainer(options, credential);
    return new AzureTarget(new AzureConnection(access, options.prefix ?? '', now), options, retryMs);
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
    return (await headIfPresent(this.#connection, key, signal))?.info;
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(options.signal);
    yield* listObjects(this.#connection, options);
  }

  /** With versioning or soft delete Azure keeps what was there; it does not show any more. */
  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    try {
      await this.#connection.call({ what: `delete of "${key}"`, signal }, (container, abortSignal) =>
        container.getBlobClient(this.#connection.nameOf(key)).delete({ abortSignal }),
      );
    } catch (error) {
      if (!isTargetError(error) || error.code !== 'NOT_FOUND') throw error;
    }
  }

  /** The SDK's connections are shared by the whole process and end by themselves when they are idle. */
  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closed) throw new TargetError('CLOSED', `${this.displayName} was closed`);
    signal?.throwIfAborted();
  }
}
