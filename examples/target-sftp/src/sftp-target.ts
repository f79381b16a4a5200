import { posix } from 'node:path';

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

import { Connection } from './connection.ts';
import { deleteObject } from './delete-object.ts';
import { listObjects } from './list-objects.ts';
import type { SftpOptions } from './options.ts';
import { orAborted } from './or-aborted.ts';
import { findObject, infoOf } from './place.ts';
import { putObject } from './put-object.ts';
import { readObject } from './read-object.ts';
import { removeStaleParts } from './stale-parts.ts';

export interface SftpEnvironment {
  readonly signal?: AbortSignal;
  /** Tells which unfinished puts are old enough to be removed. Default: the system's clock. */
  readonly now?: () => Date;
}

/**
 * A folder on an SFTP server as a target: each object is an ordinary file, its key is its path.
 *
 * `if-match` is denied: the protocol has nothing that replaces a file only if it is still the same one.
 */
export class SftpTarget implements StorageTarget {
  readonly apiVersion: typeof API_VERSION = API_VERSION;
  readonly type: string = 'sftp';
  readonly displayName: string;
  readonly capabilities: TargetCapabilities;
  readonly #options: SftpOptions;
  readonly #root: string;
  readonly #now: () => Date;
  #connection: Promise<Connection>;
  #swept: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: SftpOptions, environment: SftpEnvironment, connection: Connection) {
    const { username, host, port = 22, path } = options;
    this.#options = options;
    this.#root = posix.normalize(path).replace(/(?<=.)\/$/, '');
    this.#now = environment.now ?? (() => new Date());
    this.#connection = Promise.resolve(connection);
    this.displayName = `sftp://${username}@${host}${port === 22 ? '' : `:${port}`}/${this.#root.replace(/^\//, '')}`;
    this.capabilities = { putIfAbsent: connection.extensions.hardLink, putIfMatch: false };
  }

  /**
   * Logs in; later calls do so again if the connection is lost.
   *
   * @throws TargetError `INVALID_OPTIONS`, `UNAUTHENTICATED`, `UNAVAILABLE`.
   */
  static async open(options: SftpOptions, environment: SftpEnvironment = {}): Promise<SftpTarget> {
    const { signal } = environment;
    signal?.throwIfAborted();
    checkCredentials(options);
    return new SftpTarget(options, environment, await Connection.open(options, signal));
  }

  async put(key: ObjectKey, body: ObjectBody, options: PutOptions = {}): Promise<ObjectInfo> {
    this.#begin(options.signal);
    const { condition } = options;
    if (condition !== undefined && !(condition.type === 'if-absent' && this.capabilities.putIfAbsent)) {
      throw new TargetError(
        'UNSUPPORTED',
        `put of "${key}": ${this.displayName} cannot do ${condition.type}`,
      );
    }
    const connection = await this.#connect(options.signal);
    if (condition === undefined && !connection.extensions.posixRename) {
      throw new TargetError('UNSUPPORTED', `put of "${key}": the server cannot replace a file in one step`, {
        hint: 'check whether it only allows reading; if not, use a server with posix-rename@openssh.com, as OpenSSH',
      });
    }
    this.#swept ??= removeStaleParts(connection, this.#root, this.#now());
    await orAborted(this.#swept, options.signal);
    return putObject(connection, this.#root, key, body, options);
  }

  async get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    this.#begin(options.signal);
    return readObject(await this.#connect(options.signal), this.#root, key, options);
  }

  async stat(key: ObjectKey, { signal }: StatOptions = {}): Promise<ObjectInfo | undefined> {
    this.#begin(signal);
    const stats = await orAborted(findObject(await this.#connect(signal), this.#root, key), signal);
    return stats && infoOf(key, stats);
  }

  async *list(options: ListOptions = {}): AsyncGenerator<ObjectInfo, void> {
    this.#begin(options.signal);
    yield* listObjects(await this.#connect(options.signal), this.#root, options);
  }

  async delete(key: ObjectKey, { signal }: DeleteOptions = {}): Promise<void> {
    this.#begin(signal);
    await deleteObject(await this.#connect(signal), this.#root, key, signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#connection.then(
      (connection) => connection.close(),
      () => {},
    );
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(signal: AbortSignal | undefined): void {
    if (this.#closing !== undefined) throw new TargetError('CLOSED', `${this.displayName} was closed`);
    signal?.throwIfAborted();
  }

  /** The connection, or a new one if that was lost. Nobody's signal ends it, since others wait for it as well. */
  async #connect(signal: AbortSignal | undefined): Promise<Connection> {
    const last = this.#connection;
    const connection = await orAborted(
      last.catch(() => undefined),
      signal,
    );
    if (connection?.isOpen === true) return connection;
    this.#begin(signal);
    // Of those who notice it at once only the first logs in.
    if (this.#connection === last) this.#connection = Connection.open(this.#options, undefined);
    return orAborted(this.#connection, signal);
  }
}

function checkCredentials({ privateKey, passphrase, password, agent }: SftpOptions): void {
  if (privateKey === undefined && password === undefined && agent === undefined) {
    throw new TargetError('INVALID_OPTIONS', 'there is nothing to log in with', {
      hint: 'set privateKey, password or agent',
    });
  }
  if (passphrase !== undefined && privateKey === undefined) {
    throw new TargetError('INVALID_OPTIONS', '"passphrase" is of no use without "privateKey"', {
      hint: 'set privateKey, or leave passphrase out',
    });
  }
}
