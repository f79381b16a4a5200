import { Readable } from 'node:stream';

import { isObjectKey, type ObjectKey, TargetError } from '@quackup/target-api';

import { findAuthClient } from './gcs-auth.ts';
import { toTargetError } from './gcs-error.ts';
import { failureOfAnswer } from './gcs-failure.ts';
import type { GcsOptions } from './gcs-options.ts';
import type { GcsAuthClient, GcsEnvironment, GcsHttpAnswer, GcsHttpRequest } from './open-gcs-target.ts';
import { orAborted } from './or-aborted.ts';

// Until the answer begins. A hanging request is ended before core gives the whole operation up (five minutes).
const ANSWER_MS = 60_000;
// What a slow line carries; a request with a body gets the time for it.
const SLOW_BYTES_PER_MS = 64;
// An answer that is no content: a page of a list has at most 1,000 objects.
const MAX_TEXT = 16 * 1024 * 1024;

/** One request: what it is in the error, and what is sent. */
export interface Request {
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
  /** Default: GET. */
  readonly method?: GcsHttpRequest['method'];
  /** Below the endpoint, or the whole address of an upload. */
  readonly url: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Statuses that are an answer and not an error, besides 200 to 299. */
  readonly accept?: readonly number[];
}

/** An answer in words. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An answer whose body is still to be read, or destroyed. */
export interface StreamAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
}

/** The JSON API of one bucket and prefix. */
export class GcsConnection {
  readonly bucket: string;
  /** Empty, or ends with `/`. */
  readonly prefix: string;
  /** `gs://bucket/prefix` */
  readonly place: string;
  readonly #options: GcsOptions;
  readonly #endpoint: string;
  readonly #now: () => Date;
  #client: Promise<GcsAuthClient> | undefined;

  constructor(options: GcsOptions, { authClient, now = () => new Date() }: GcsEnvironment) {
    const { bucket, prefix = '', endpoint = 'https://storage.googleapis.com' } = options;
    this.bucket = bucket;
    this.prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.place = `gs://${bucket}/${this.prefix}`;
    this.#options = options;
    this.#endpoint = endpoint.replace(/\/+$/, '');
    this.#now = now;
    this.#client = authClient && Promise.resolve(authClient);
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

  /** The path of the bucket's objects. */
  get objectsPath(): string {
    return `/storage/v1/b/${encodeURIComponent(this.bucket)}/o`;
  }

  /** The path of an object. */
  pathOf(key: ObjectKey): string {
    return `${this.objectsPath}/${encodeURIComponent(this.nameOf(key))}`;
  }

  /**
   * Makes one request and reads the answer.
   *
   * @throws TargetError whatever goes wrong; the signal's reason if it is aborted.
   */
  async call(request: Request): Promise<TextAnswer> {
    return this.#withSignal(request, async (signal) => {
      const { status, headers, body } = await this.#send(request, signal);
      return { status, headers, text: await textOf(body, MAX_TEXT) };
    });
  }

  /** Makes one request; the body of its answer is the caller's to read. Throws as {@link call} does. */
  async open(request: Request): Promise<StreamAnswer> {
    return this.#withSignal(request, (signal) => this.#send(request, signal));
  }

  /** An error as the contract names it. */
  failure(error: unknown, what: string): TargetError {
    return toTargetError(error, { what, place: this.place, now: this.#now() });
  }

  async #withSignal<Result>(
    { what, signal, body }: Request,
    run: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const patienceMs = ANSWER_MS + (body?.length ?? 0) / SLOW_BYTES_PER_MS;
    const ending = new AbortController();
    const onAbort = (): void => ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    const timer = setTimeout(() => ending.abort(this.#noAnswer(what, patienceMs)), patienceMs);
    try {
      return await orAborted(run(ending.signal), ending.signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw this.failure(error, what);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #send(request: Request, signal: AbortSignal): Promise<StreamAnswer> {
    const { method = 'GET', url, query = {}, headers = {}, body, accept = [] } = request;
    const address = new URL(url.startsWith('/') ? this.#endpoint + url : url);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const client = await this.#authClient();
    const answer: GcsHttpAnswer = await client.request({
      url: address.href,
      method,
      // Content is given as it is stored, never unpacked on the way.
      headers: {
        'accept-encoding': 'identity',
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
      ...(body === undefined || body.length === 0 ? {} : { data: streamOf(body) }),
      responseType: 'stream',
      signal,
      // Core repeats operations, and a put its own requests, so that nothing is repeated in two layers.
      retry: false,
      // 308 is an answer to a chunk here; and a token goes nowhere else.
      redirect: 'manual',
      validateStatus: () => true,
    });
    const stream = answer.data instanceof Readable ? answer.data : Readable.from([]);
    if ((answer.status >= 200 && answer.status < 300) || accept.includes(answer.status))
      return { status: answer.status, headers: answer.headers, body: stream };
    throw failureOfAnswer(answer.status, answer.headers, await textOf(stream, MAX_TEXT));
  }

  /** Looked for once; again if it was not found, for somebody may log in meanwhile. */
  async #authClient(): Promise<GcsAuthClient> {
    this.#client ??= findAuthClient(this.#options);
    try {
      return await this.#client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  #noAnswer(what: string, patienceMs: number): TargetError {
    return new TargetError(
      'UNAVAILABLE',
      `${this.place}: ${what}: no answer within ${Math.round(patienceMs / 1000)} s`,
      { hint: 'check the network and any proxy on the way' },
    );
  }
}

/**
 * A body that node-fetch, on which the library is built, may destroy when a request is aborted. It does so also with the
 * stream that it makes of a buffer, to which nobody listens: that would end the process.
 */
function streamOf(bytes: Buffer): Readable {
  return Readable.from([bytes], { objectMode: false }).on('error', () => {});
}

async function textOf(body: Readable, maxLength: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxLength) throw new Error(`the answer has more than ${maxLength} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
