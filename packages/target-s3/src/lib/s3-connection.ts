import { S3, type S3ClientConfig } from '@aws-sdk/client-s3';
import { isTargetError, isObjectKey, type ObjectKey } from '@quackup/target-api';

import { orAborted } from './or-aborted.ts';
import { toTargetError } from './s3-error.ts';
import { checksumOf, type S3Options } from './s3-options.ts';

const CONNECT_MS = 10_000;
// Until the answer begins. A hanging request is ended before core gives the whole operation up (five minutes).
const ANSWER_MS = 60_000;
// What a slow line carries; a request with a body gets the time for it.
const SLOW_BYTES_PER_MS = 64;

/** What is passed on to each call of the SDK. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
  readonly requestTimeout: number;
}

/** One request: what it is in the error, and how long it may take. */
export interface Request {
  readonly what: string;
  /** The action of IAM that allows it. */
  readonly action: string;
  readonly signal?: AbortSignal | undefined;
  /** Length of the body in bytes. */
  readonly bodySize?: number;
  /** Milliseconds until the answer begins. Default: 60,000, and more for a body. */
  readonly patienceMs?: number;
}

/**
 * The SDK's client for one bucket and prefix. The SDK tries each request once: core repeats operations, and a put repeats
 * its own requests (see repeat-request.ts), so that nothing is repeated in two layers.
 */
export class S3Connection {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  /** `s3://bucket/prefix` */
  readonly place: string;
  readonly #s3: S3;
  readonly #secrets: readonly string[];
  #bucketSeen = false;

  constructor(options: S3Options) {
    const { bucket, prefix = '', secretAccessKey, sessionToken } = options;
    this.bucket = bucket;
    this.prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.place = `s3://${bucket}/${this.prefix}`;
    this.#secrets = [secretAccessKey, sessionToken].filter((secret) => secret !== undefined);
    this.#s3 = new S3(clientConfig(options));
  }

  /** An object's name in the bucket. */
  nameOf(key: ObjectKey): string {
    return this.prefix + key;
  }

  /** The key of a name in the bucket, if it is one of ours. */
  keyOf(name: string): ObjectKey | undefined {
    const key = name.slice(this.prefix.length);
    return name.startsWith(this.prefix) && isObjectKey(key) ? key : undefined;
  }

  /** Whether the bucket itself has answered: then an object that is not found is not there. */
  get bucketSeen(): boolean {
    return this.#bucketSeen;
  }

  /**
   * Makes one request.
   *
   * @throws TargetError whatever goes wrong; the signal's reason if it is aborted.
   */
  async call<Result>(
    request: Request,
    send: (s3: S3, options: CallOptions) => Promise<Result>,
  ): Promise<Result> {
    const { what, action, signal, bodySize = 0 } = request;
    signal?.throwIfAborted();
    const requestTimeout = request.patienceMs ?? ANSWER_MS + bodySize / SLOW_BYTES_PER_MS;
    try {
      const result = await orAborted(
        send(this.#s3, { requestTimeout, ...(signal === undefined ? {} : { abortSignal: signal }) }),
        signal,
      );
      this.#bucketSeen = true;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw this.failure(error, what, action);
    }
  }

  /** An error of the SDK as the contract names it. */
  failure(error: unknown, what: string, action: string): Error {
    return toTargetError(error, { what, action, place: this.place, secrets: this.#secrets });
  }

  /**
   * Asks the bucket itself, for an answer in words.
   *
   * @throws TargetError whatever is wrong, a lack of permission aside: whoever may not list may still read.
   */
  async askBucket(signal: AbortSignal | undefined): Promise<void> {
    const query = { Bucket: this.bucket, Prefix: this.prefix, MaxKeys: 1 };
    try {
      await this.call({ what: 'list', action: 's3:ListBucket', signal }, (s3, options) =>
        s3.listObjectsV2(query, options),
      );
    } catch (error) {
      if (!isTargetError(error) || error.code !== 'ACCESS_DENIED') throw error;
    }
  }

  close(): void {
    this.#s3.destroy();
  }
}

function clientConfig(options: S3Options): S3ClientConfig {
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken, profile } = options;
  const withEndpoint = endpoint !== undefined;
  return {
    maxAttempts: 1,
    // A clock that is wrong by more than 15 minutes is to be said, not hidden: retention goes by it.
    disableClockSkewCorrection: true,
    // Otherwise every body of 2 MiB and more is sent over a connection of its own.
    expectContinueHeader: false,
    forcePathStyle: options.pathStyle ?? withEndpoint,
    requestChecksumCalculation: checksumOf(options) === 'none' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED',
    // Core checks all that it reads against its own hashes; and the SDK's check leaves connections open when a body is
    // not read to its end.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: ANSWER_MS,
      throwOnRequestTimeout: true,
      // Each open body of a get holds a connection.
      httpAgent: { keepAlive: true, maxSockets: 256 },
      httpsAgent: { keepAlive: true, maxSockets: 256 },
    },
    ...(withEndpoint ? { endpoint } : {}),
    // A service with an endpoint of its own rarely has regions, but a signature needs one.
    ...(region !== undefined ? { region } : withEndpoint ? { region: 'us-east-1' } : {}),
    ...(profile === undefined ? {} : { profile }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
  };
}
