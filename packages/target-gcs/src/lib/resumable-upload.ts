// A resumable upload of the JSON API:
//
//   POST   ?uploadType=resumable&ifGenerationMatch=...            200, Location: the upload's address
//   PUT    Content-Range: bytes 0-16777215/*       16 MiB         308, Range: bytes=0-16777215
//   PUT    Content-Range: bytes */*                no body        308, Range: what is stored so far; or 200, the object
//   PUT    Content-Range: bytes A-B/TOTAL          the last bytes 200, the object
//   DELETE                                                        499: gone
//
// Nothing is visible before the last answer. Whatever becomes of a chunk, the service can be asked how much it has, so that
// no byte is stored twice or left out.
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { commitSignal, isTargetError, type ObjectKey, TargetError } from '@quackup/target-api';

import type { GcsConnection } from './gcs-connection.ts';
import { statusOf } from './gcs-failure.ts';
import { type ObjectResource, parseResourceText, RESOURCE_FIELDS } from './object-resource.ts';

// As for other requests of a put, see repeat-request.ts: failures in a row, without any byte in between.
const ATTEMPTS = 6;
// An upload that stays is invisible, and Google removes it after a week; nobody should wait long for that.
const CANCEL_MS = 10_000;

/** What the service knows of an upload. */
interface Progress {
  /** Bytes that it has. */
  readonly stored: number;
  /** The object, once it is finished. */
  readonly object?: ObjectResource;
}

export interface ResumableUploadOptions {
  readonly connection: GcsConnection;
  readonly key: ObjectKey;
  /** The upload's address: whoever knows it may write to it. */
  readonly address: string;
  readonly retryMs: number;
  readonly signal: AbortSignal;
}

/** An upload that was begun. Chunks are sent one after another: the service takes them in no other way. */
export class ResumableUpload {
  readonly #options: ResumableUploadOptions;
  readonly #hash = createHash('md5');
  #offset = 0;
  #disturbed = false;

  constructor(options: ResumableUploadOptions) {
    this.#options = options;
  }

  /** Whether any request failed, so that one may have been done whose answer was lost. */
  get disturbed(): boolean {
    return this.#disturbed;
  }

  /**
   * Sends the next chunk until the service has all of it.
   *
   * @param bytes A multiple of 256 KiB, unless it is the last.
   * @param last Whether the object ends with it: then it becomes visible.
   * @returns The object, if it was the last.
   * @throws TargetError `UNAVAILABLE`, not retryable, if the service has lost the upload.
   */
  async send(bytes: Buffer, last: boolean): Promise<ObjectResource | undefined> {
    const { signal, retryMs } = this.#options;
    this.#hash.update(bytes);
    const [start, end] = [this.#offset, this.#offset + bytes.length];
    this.#offset = end;
    const total = last ? end : undefined;
    const md5 = last ? this.#hash.digest('base64') : undefined;
    let [from, certain, failures] = [start, true, 0];
    for (;;) {
      try {
        const asking = !certain || from === end;
        const { object, stored } = asking
          ? await this.#ask(total, md5)
          : await this.#sendFrom(bytes.subarray(from - start), from, total, md5);
        if (object !== undefined) return object;
        if (stored < start || stored > end)
          throw this.#lost(`it has ${stored} bytes instead of ${start} to ${end}`);
        if (stored === end && !last) return undefined;
        // It took nothing: that is no error by itself, but must not go on for ever.
        if (stored === from && !(asking && !certain)) throw this.#stuck(stored);
        if (stored > from) failures = 0;
        [from, certain] = [stored, true];
      } catch (error) {
        signal.throwIfAborted();
        const known = statusOf(error);
        if (known === 404 || known === 410) throw this.#lost('it does not know the upload any more', error);
        failures += 1;
        [this.#disturbed, certain] = [true, false];
        if (!isTargetError(error) || !error.retryable || failures === ATTEMPTS) throw error;
        const waitMs = retryMs * 2 ** (failures - 1) * (0.5 + Math.random());
        await pause(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  /** Gives the upload up. What goes wrong does not count: it is invisible, and ends by itself after a week. */
  async cancel(): Promise<void> {
    const { connection, key, address: url } = this.#options;
    const signal = AbortSignal.timeout(CANCEL_MS);
    const request = {
      what: `put of "${key}": cancel`,
      signal,
      method: 'DELETE' as const,
      url,
      accept: [499],
    };
    try {
      await connection.call(request);
    } catch (error) {
      if (!isTargetError(error) && error !== signal.reason) throw error;
    }
  }

  async #sendFrom(
    bytes: Buffer,
    from: number,
    total: number | undefined,
    md5: string | undefined,
  ): Promise<Progress> {
    const range = `bytes ${from}-${from + bytes.length - 1}/${total ?? '*'}`;
    return this.#put(`chunk at ${from}`, range, bytes, md5);
  }

  async #ask(total: number | undefined, md5: string | undefined): Promise<Progress> {
    return this.#put('ask how far it is', `bytes */${total ?? '*'}`, Buffer.alloc(0), md5);
  }

  async #put(step: string, range: string, body: Buffer, md5: string | undefined): Promise<Progress> {
    const { connection, key, address, signal } = this.#options;
    const { status, headers, text } = await connection.call({
      what: `put of "${key}": ${step}`,
      // With the hash comes the last chunk.
      signal: md5 === undefined ? signal : commitSignal(signal),
      method: 'PUT',
      url: address,
      query: { fields: RESOURCE_FIELDS },
      headers: {
        'content-range': range,
        // With it the service refuses content that is not what was sent, before it becomes visible.
        ...(md5 === undefined ? {} : { 'x-goog-hash': `md5=${md5}` }),
      },
      body,
      accept: [308],
    });
    if (status !== 308) return { stored: this.#offset, object: parseResourceText(text) };
    const [, last] = /^bytes=0-(\d+)$/.exec(headers.get('range') ?? '') ?? [];
    return { stored: last === undefined ? 0 : Number(last) + 1 };
  }

  #lost(why: string, cause?: unknown): TargetError {
    const { key } = this.#options;
    return new TargetError('UNAVAILABLE', `put of "${key}": the service has lost the upload: ${why}`, {
      cause,
      retryable: false,
      hint: 'run the command again; uploads end after a week',
    });
  }

  #stuck(stored: number): TargetError {
    const { key } = this.#options;
    return new TargetError('UNAVAILABLE', `put of "${key}": the service took nothing after ${stored} bytes`);
  }
}
