/** A copy that a story can stop: it is taken in a thread of its own, which stands still when so many blocks are copied. */
import { Worker } from 'node:worker_threads';

import type { Copy } from '../copy.ts';

export interface ReadingRequest {
  readonly path: string;
  readonly to: string;
  readonly folder: string;
  readonly waitMs: number;
  /** Rules that are dropped: see ../rules.ts. */
  readonly without: readonly string[];
  /** Blocks after which it stands still, once; absent: never. */
  readonly holdAfter?: number | undefined;
}

export type ReadingData = ReadingRequest & { readonly go: SharedArrayBuffer };

export type ReadingMessage =
  | { readonly said: 'held' }
  | { readonly said: 'accepted'; readonly copy: Copy }
  | { readonly said: 'not accepted'; readonly reason: string; readonly ms: number };

export type ReadingEnd = Exclude<ReadingMessage, { said: 'held' }>;

export class Reading implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #go: Int32Array;
  readonly #held = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<ReadingEnd>();

  constructor(request: ReadingRequest) {
    const go = new SharedArrayBuffer(4);
    this.#go = new Int32Array(go);
    const data: ReadingData = { ...request, go };
    this.#worker = new Worker(new URL('../../child/reading.ts', import.meta.url), { workerData: data });
    this.#worker.on('message', (message: ReadingMessage) => {
      if (message.said === 'held') this.#held.resolve();
      else this.#ended.resolve(message);
    });
    this.#worker.on('error', (error) => {
      this.#held.reject(error);
      this.#ended.reject(error);
    });
    // Who waits for the one need not wait for the other.
    this.#held.promise.catch(() => undefined);
    this.#ended.promise.catch(() => undefined);
  }

  /** It stands still. @throws Error if it ends without. */
  async held(): Promise<void> {
    const end = await Promise.race([this.#held.promise, this.#ended.promise]);
    if (end !== undefined) throw new Error(`the copy was ${end.said} before it was to stand still`);
  }

  goOn(): void {
    Atomics.store(this.#go, 0, 1);
    Atomics.notify(this.#go, 0);
  }

  get ended(): Promise<ReadingEnd> {
    return this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn();
    await this.#worker.terminate();
  }
}
