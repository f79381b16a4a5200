/**
 * What core puts around every target: a limit on how long it may stand still, another try where that is safe, and bytes
 * in and out of memory. A target that hangs fails like one that answers with an error; nothing waits for it for ever.
 * Nothing passes that the configuration forbids: reading where it says write-only, a plain backup where it says encryption.
 *
 * What is tried again, after an error that its target calls retryable:
 *
 *     stat, delete       always: they can be repeated
 *     list               from the last key that came
 *     read               from the last byte that came, if the object is still the same version
 *     putText            always, after a look whether an earlier try was done although its answer was lost
 *     put                only as long as nothing of the body has been read: a stream cannot be read twice
 */
import {
  type ByteRange,
  isTargetError,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  type PutCondition,
  type PutOptions,
  type StorageTarget,
} from '@quackup/target-api';

import type { NamedTarget, TargetAccess } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { type Limits, withDefaults } from './default-limits.ts';
import { listInfos } from './list-infos.ts';
import { cut, ObjectVersion } from './object-version.ts';
import { OneReading } from './one-reading.ts';
import { type Pace, SYSTEM_PACE } from './pace.ts';
import { readPieces } from './read-pieces.ts';
import { isPlain, notAllowed, plainRefused } from './refusals.ts';
import { Retries } from './retries.ts';
import { StallWatch } from './stall-watch.ts';
import { type TargetTraffic, trafficOf } from './target-traffic.ts';

export interface TargetClientOptions {
  readonly signal?: AbortSignal | undefined;
  readonly pace?: Pace;
}

export class TargetClient {
  readonly name: string;
  readonly target: StorageTarget;
  readonly access: TargetAccess;
  readonly #encryptedOnly: boolean;
  readonly #limits: Limits;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #pace: Pace;
  readonly #traffic: TargetTraffic;

  constructor(
    { name, target, limits, secrets = [], access = 'full', encryptedOnly = false }: NamedTarget,
    { signal, pace = SYSTEM_PACE }: TargetClientOptions = {},
  ) {
    this.name = name;
    this.target = target;
    this.access = access;
    this.#encryptedOnly = encryptedOnly;
    this.#limits = withDefaults(limits);
    this.#secrets = secrets;
    this.#signal = signal;
    this.#pace = pace;
    this.#traffic = trafficOf(target, this.#limits, pace);
  }

  /** How many requests are made at a time where many are to be made: what the target's limits say, else `usual`. */
  concurrency(usual: number): number {
    return this.#limits.concurrency ?? usual;
  }

  /** How many ranges of one object are read at a time. */
  get readLanes(): number {
    const { parallelReads = 1 } = this.target;
    return Math.max(1, Math.min(parallelReads, this.#limits.concurrency ?? parallelReads));
  }

  /** Ends everything that the client does. */
  get signal(): AbortSignal | undefined {
    return this.#signal;
  }

  /** The same target under another signal, and with at most `stallMs` of standing still. */
  under(signal: AbortSignal | undefined, stallMs: number = this.#limits.stallMs): TargetClient {
    const limits = { ...this.#limits, stallMs: Math.min(stallMs, this.#limits.stallMs) };
    const { name, target, access } = this;
    const [encryptedOnly, secrets] = [this.#encryptedOnly, this.#secrets];
    return new TargetClient(
      { name, target, access, encryptedOnly, limits, secrets },
      { signal, pace: this.#pace },
    );
  }

  /**
   * As {@link StorageTarget.put}; standing still between two reads of the body, or after the last one, counts as failed.
   * The body is read no faster than the target's upload rate allows, and closed in every case.
   */
  async put(key: ObjectKey, body: ObjectBody, options: Omit<PutOptions, 'signal'> = {}): Promise<ObjectInfo> {
    if (this.#encryptedOnly && isPlain(key)) throw plainRefused(this, key);
    const retries = this.#retries();
    const source = new OneReading(body);
    try {
      return await retries.run(async () => {
        using watch = this.#watch(`put of ${key}`);
        try {
          return await watch.over((signal) =>
            this.target.put(key, watch.body(this.#paced(source, signal)), { ...options, signal }),
          );
        } catch (error) {
          if (source.begun) retries.end();
          throw error;
        }
      });
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /**
   * Stores a text, at most once. If a try fails, the object is looked at before the next one: if it is this very text, the
   * try had been done and only its answer was lost. Who needs to tell its own text from an equal one of somebody else's
   * must make it unique. Texts are small, and do not wait for the upload rate.
   */
  async putText(
    key: ObjectKey,
    text: string,
    options: Omit<PutOptions, 'signal' | 'size'> = {},
  ): Promise<ObjectInfo> {
    if (this.#encryptedOnly && isPlain(key, text)) throw plainRefused(this, key);
    const bytes = Buffer.from(text);
    const retries = this.#retries();
    this.#traffic.uploads?.count(bytes.length);
    // Where nothing can be read, an answer that was lost stays lost.
    const mayLook = this.access !== 'write-only';
    return retries.run(async () => {
      if (mayLook && retries.failures > 0) {
        const stored = await this.#stored(key, bytes, options.condition);
        if (stored !== undefined) return stored;
      }
      using watch = this.#watch(`put of ${key}`);
      try {
        return await watch.over((signal) =>
          this.target.put(key, watch.body(once(bytes)), { ...options, size: bytes.length, signal }),
        );
      } catch (error) {
        const mayBeOurs = isTargetError(error) && error.code === 'PRECONDITION_FAILED';
        if (!mayLook || !mayBeOurs || retries.failures === 0) throw error;
        // The earlier try may have been done between the look and this one.
        const stored = await this.#stored(key, bytes, options.condition);
        if (stored === undefined) throw error;
        return stored;
      }
    });
  }

  /** The object, if it holds these bytes and an earlier try may have put them there. */
  async #stored(
    key: ObjectKey,
    bytes: Buffer,
    condition: PutCondition | undefined,
  ): Promise<ObjectInfo | undefined> {
    const info = await this.stat(key);
    if (info?.size !== bytes.length) return undefined;
    if (condition?.type === 'if-match' && info.etag === condition.etag) return undefined;
    return (await this.readRange(key, 0, bytes.length)).equals(bytes) ? info : undefined;
  }

  async stat(key: ObjectKey): Promise<ObjectInfo | undefined> {
    this.#mustRead(`to look for ${key}`);
    return this.#retries().run(async () => {
      using watch = this.#watch(`stat of ${key}`);
      return await watch.over((signal) => this.target.stat(key, { signal }), this.#limits.requestMs);
    });
  }

  /**
   * As {@link StorageTarget.delete}.
   *
   * @param beforeTry Throws if it may not be done any more. Between two tries the machine may have slept for hours.
   */
  async delete(key: ObjectKey, beforeTry: () => void = () => {}): Promise<void> {
    if (this.access !== 'full') throw notAllowed(this, `to delete ${key}`);
    return this.#retries().run(async () => {
      beforeTry();
      using watch = this.#watch(`delete of ${key}`);
      await watch.over((signal) => this.target.delete(key, { signal }), this.#limits.requestMs);
    });
  }

  /**
   * The bytes of an object, or of a range of it, piece by piece: all of one version of the object.
   *
   * @param version Which one, if other readings have begun already; each of them tells it what it finds.
   */
  read(
    key: ObjectKey,
    range?: ByteRange,
    version: ObjectVersion = new ObjectVersion(key),
  ): AsyncGenerator<Buffer, void, undefined> {
    return readPieces({
      range,
      version,
      retries: this.#retries(),
      watch: () => this.#watch(`get of ${key}`),
      open: (watch, rest) => this.#open(watch, key, rest),
    });
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
      if (isTargetError(error) && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
    return Buffer.concat(pieces).toString('utf8');
  }

  /** Objects in ascending order of their keys. Names that are no keys are left out, whatever a target says. */
  async *list(prefix?: string): AsyncGenerator<ObjectInfo, void, undefined> {
    this.#mustRead('to see what is there');
    yield* listInfos({
      retries: this.#retries(),
      watch: () => this.#watch('list'),
      list: (signal, startAfter) =>
        this.target.list({
          signal,
          ...(prefix === undefined ? {} : { prefix }),
          ...(startAfter === undefined ? {} : { startAfter }),
        }),
      requestMs: this.#limits.requestMs,
    });
  }

  #mustRead(what: string): void {
    if (this.access === 'write-only') throw notAllowed(this, what);
  }

  async #open(watch: StallWatch, key: ObjectKey, range: ByteRange | undefined): Promise<ObjectRead> {
    this.#mustRead(`to read ${key}`);
    return watch.over(async (signal) => {
      const read = await this.target.get(key, range === undefined ? { signal } : { signal, range });
      // A stream that fails while nobody listens ends the process. Who reads it gets its errors from the reading.
      read.body.on('error', () => {});
      // It may come when nobody waits for it any more.
      if (signal.aborted) read.body.destroy();
      return read;
    }, this.#limits.requestMs);
  }

  #watch(what: string): StallWatch {
    return new StallWatch(`${this.target.displayName}: ${what}`, {
      stallMs: this.#limits.stallMs,
      signal: this.#signal,
      secrets: this.#secrets,
    });
  }

  #retries(): Retries {
    const { attempts, retryMs } = this.#limits;
    const { budget } = this.#traffic;
    return new Retries({ attempts, retryMs, budget, signal: this.#signal, pace: this.#pace });
  }

  #paced(body: ObjectBody, signal: AbortSignal): ObjectBody {
    return this.#traffic.uploads?.body(body, signal) ?? body;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
