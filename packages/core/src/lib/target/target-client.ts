/**
 * What core puts around every target: a limit on how long it may stand still, and bytes in and out of memory. A target
 * that hangs fails like one that answers with an error; nothing waits for it for ever.
 */
import {
  type ByteRange,
  isObjectKey,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  type PutOptions,
  type StorageTarget,
  TargetError,
} from '@quackup/target-api';

import type { NamedTarget } from '../api.ts';
import { QuackupError } from '../errors.ts';

/** How long a target may go without any progress, in milliseconds. */
export const STALL_MS: number = 5 * 60_000;

export interface TargetClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: {@link STALL_MS}. */
  readonly stallMs?: number | undefined;
}

export class TargetClient {
  readonly name: string;
  readonly target: StorageTarget;
  readonly #signal: AbortSignal | undefined;
  readonly #stallMs: number;

  constructor({ name, target }: NamedTarget, { signal, stallMs }: TargetClientOptions = {}) {
    this.name = name;
    this.target = target;
    this.#signal = signal;
    this.#stallMs = stallMs ?? STALL_MS;
  }

  /** As {@link StorageTarget.put}; standing still between two reads of the body, or after the last one, counts as failed. */
  async put(key: ObjectKey, body: ObjectBody, options: Omit<PutOptions, 'signal'> = {}): Promise<ObjectInfo> {
    const watch = this.#watch(`put of ${key}`);
    return watch.over((signal) => this.target.put(key, watch.body(body), { ...options, signal }));
  }

  /** Stores a text. */
  async putText(
    key: ObjectKey,
    text: string,
    options: Omit<PutOptions, 'signal' | 'size'> = {},
  ): Promise<ObjectInfo> {
    const bytes = Buffer.from(text);
    return this.put(key, once(bytes), { ...options, size: bytes.length });
  }

  async stat(key: ObjectKey): Promise<ObjectInfo | undefined> {
    return this.#watch(`stat of ${key}`).over((signal) => this.target.stat(key, { signal }));
  }

  async delete(key: ObjectKey): Promise<void> {
    return this.#watch(`delete of ${key}`).over((signal) => this.target.delete(key, { signal }));
  }

  /** Opens an object or a range of it for reading piece by piece. */
  async *read(key: ObjectKey, range?: ByteRange): AsyncGenerator<Buffer, void, undefined> {
    const watch = this.#watch(`get of ${key}`);
    const read: ObjectRead = await watch.over((signal) =>
      this.target.get(key, range === undefined ? { signal } : { signal, range }),
    );
    const reading = this.#watch(`get of ${key}`);
    const iterator = (read.body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await reading.over(() => iterator.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      read.body.destroy();
    }
  }

  /**
   * A whole range in memory.
   *
   * @throws BACKUP_DAMAGED if the object ends before the range does.
   */
  async readRange(key: ObjectKey, start: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    for await (const piece of this.read(key, { start, end: start + length })) {
      if (done + piece.length > length) throw cut(key, length, done + piece.length);
      piece.copy(bytes, done);
      done += piece.length;
    }
    if (done !== length) throw cut(key, length, done);
    return bytes;
  }

  /**
   * A small object as text, or undefined if there is none.
   *
   * @throws BACKUP_DAMAGED if it has more than `maxBytes`.
   */
  async readText(key: ObjectKey, maxBytes: number): Promise<string | undefined> {
    const pieces: Buffer[] = [];
    let length = 0;
    try {
      for await (const piece of this.read(key)) {
        length += piece.length;
        if (length > maxBytes)
          throw new QuackupError('BACKUP_DAMAGED', `${key} has more than ${maxBytes} bytes`);
        pieces.push(piece);
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  /** Objects in ascending order of their keys. Names that are no keys are left out, whatever a target says. */
  async *list(prefix?: string): AsyncGenerator<ObjectInfo, void, undefined> {
    const options = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(this.#signal ? { signal: this.#signal } : {}),
    };
    const iterator = this.target.list(options)[Symbol.asyncIterator]();
    const watch = this.#watch('list');
    try {
      for (;;) {
        const next = await watch.over(() => iterator.next());
        if (next.done === true) return;
        if (isObjectKey(next.value.key)) yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  #watch(what: string): Watch {
    return new Watch(`${this.target.displayName}: ${what}`, this.#stallMs, this.#signal);
  }
}

/** Gives an operation up when it makes no progress, whether or not the target heeds its abort signal. */
class Watch {
  readonly #what: string;
  readonly #stallMs: number;
  readonly #outer: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #giveUp: (() => void) | undefined;

  constructor(what: string, stallMs: number, outer: AbortSignal | undefined) {
    this.#what = what;
    this.#stallMs = stallMs;
    this.#outer = outer;
  }

  async over<Result>(operation: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    this.#outer?.throwIfAborted();
    const abort = new AbortController();
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    const onAbort = (): void => {
      const reason: unknown = this.#outer?.reason;
      abort.abort(reason);
      reject(reason);
    };
    this.#outer?.addEventListener('abort', onAbort, { once: true });
    this.#giveUp = () => {
      const error = new TargetError(
        'UNAVAILABLE',
        `${this.#what} made no progress for ${this.#stallMs / 1000} s`,
        {
          hint: 'check that the target is reachable, then run the command again',
        },
      );
      abort.abort(error);
      reject(error);
    };
    this.#arm();
    try {
      return await Promise.race([operation(abort.signal), promise]);
    } finally {
      this.#disarm();
      this.#outer?.removeEventListener('abort', onAbort);
    }
  }

  /** The body as the target reads it. Time that the body itself takes is not the target's. */
  async *body(body: ObjectBody): AsyncGenerator<Uint8Array, void, undefined> {
    this.#disarm();
    for await (const bytes of body) {
      this.#arm();
      yield bytes;
      this.#disarm();
    }
    this.#arm();
  }

  #arm(): void {
    this.#disarm();
    this.#timer = setTimeout(() => this.#giveUp?.(), this.#stallMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

function cut(key: ObjectKey, expected: number, found: number): QuackupError {
  return new QuackupError('BACKUP_DAMAGED', `${key} gave ${found} bytes where there must be ${expected}`);
}
