import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ThreadPool } from '../process/thread-pool.ts';
import type { DecodeAnswer, DecodeTask } from './decode-task.ts';

const WORKER = new URL(`./decode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** Threads that decode, check and write the chunks of a restore. */
export class DecodeThreads implements AsyncDisposable {
  readonly #pool: ThreadPool<DecodeTask, DecodeAnswer>;

  constructor(threads?: number) {
    this.#pool = new ThreadPool(WORKER, { threads });
  }

  /** Does a task. `task.stored` must have memory of its own, which is taken away. */
  run(task: DecodeTask): Promise<DecodeAnswer> {
    return this.#pool.run(task, [task.stored.buffer as ArrayBuffer]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
