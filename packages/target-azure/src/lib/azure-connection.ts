import type { ContainerClient } from '@azure/storage-blob';
import { isObjectKey, type ObjectKey, TargetError } from '@quackup/target-api';

import { toTargetError } from './azure-error.ts';
import type { ContainerAccess } from './container-access.ts';
import { orAborted } from './or-aborted.ts';

// Until the answer begins. A hanging request is ended before core gives the whole operation up (five minutes).
const ANSWER_MS = 60_000;
// What a slow line carries; a request with a body gets the time for it.
const SLOW_BYTES_PER_MS = 64;

/** One request: what it is in the error, and how long it may take. */
export interface Request {
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Length of the body in bytes. */
  readonly bodySize?: number;
  /** Milliseconds until the answer begins. Default: 60,000, and more for a body. */
  readonly patienceMs?: number;
}

/** The SDK's client for one container and prefix. */
export class AzureConnection {
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  /** `https://account.blob.core.windows.net/container/prefix`, without a SAS. */
  readonly place: string;
  readonly #access: ContainerAccess;
  readonly #now: () => Date;

  constructor(access: ContainerAccess, prefix: string, now: () => Date) {
    this.#access = access;
    this.#now = now;
    this.prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    const { origin, pathname } = new URL(access.client.url);
    this.place = `${origin}${pathname}/${this.prefix}`;
  }

  /** A blob's name in the container. */
  nameOf(key: ObjectKey): string {
    return this.prefix + key;
  }

  /** The key of a name in the container, if it is one of ours. */
  keyOf(name: string): ObjectKey | undefined {
    const key = name.slice(this.prefix.length);
    return name.startsWith(this.prefix) && isObjectKey(key) ? key : undefined;
  }

  /**
   * Makes one request.
   *
   * @param send Must pass the signal on to the SDK; it is aborted also when no answer comes.
   * @throws TargetError whatever goes wrong; the signal's reason if it is aborted.
   */
  async call<Result>(
    { what, signal, bodySize = 0, patienceMs = ANSWER_MS + bodySize / SLOW_BYTES_PER_MS }: Request,
    send: (container: ContainerClient, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const ending = new AbortController();
    const onAbort = (): void => ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const timer = setTimeout(() => ending.abort(this.#noAnswer(what, patienceMs)), patienceMs);
    try {
      return await orAborted(send(this.#access.client, ending.signal), ending.signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw this.failure(error, what);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** An error of the SDK as the contract names it. */
  failure(error: unknown, what: string): TargetError {
    const { secrets, sasEndsAt } = this.#access;
    return toTargetError(error, { what, place: this.place, secrets, sasEndsAt, now: this.#now() });
  }

  #noAnswer(what: string, patienceMs: number): TargetError {
    return new TargetError(
      'UNAVAILABLE',
      `${this.place}: ${what}: no answer within ${Math.round(patienceMs / 1000)} s`,
      { hint: 'check the network and any proxy on the way' },
    );
  }
}
