import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { DecodeAnswer, DecodeTask } from './decode-task.ts';

/** More threads than this wait for the disk. */
const MAX_THREADS = 8;
/** What one thread holds besides the chunk it works on is small; a leak shall end it and not the machine. */
const MAX_OLD_SPACE_MB = 64;

const WORKER = new URL(`./decode-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

interface Thread {
  readonly worker: Worker;
  answer: PromiseWithResolvers<DecodeAnswer> | undefined;
}

/**
 * Threads that decode, check and write chunks, one for each core. libuv's pool would do for decoding alone, but then
 * hashing, and a call and a buffer for each chunk, would keep the main thread busier than all others.
 */
export class DecodePool implements AsyncDisposable {
  readonly #threads: Thread[];
  readonly #idle: Thread[];
  readonly #waiting: ((thread: Thread) => void)[] = [];
  #failure: Error | undefined;

  constructor(threads: number = Math.min(MAX_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: threads }, () => this.#start());
    this.#idle = [...this.#threads];
  }

  /** Does a task on the next thread that is free. `task.stored` must have memory of its own, which is taken away. */
  async run(task: DecodeTask): Promise<DecodeAnswer> {
    const thread = this.#idle.pop() ?? (await new Promise<Thread>((resolve) => this.#waiting.push(resolve)));
    if (this.#failure !== undefined) {
      this.#release(thread);
      throw this.#failure;
    }
    thread.answer = Promise.withResolvers<DecodeAnswer>();
    thread.worker.postMessage(task, [task.stored.buffer as ArrayBuffer]);
    try {
      return await thread.answer.promise;
    } finally {
      thread.answer = undefined;
      this.#release(thread);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #release(thread: Thread): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thread);
    else next(thread);
  }

  #start(): Thread {
    const worker = new Worker(WORKER, { resourceLimits: { maxOldGenerationSizeMb: MAX_OLD_SPACE_MB } });
    const thread: Thread = { worker, answer: undefined };
    worker.on('message', (answer: DecodeAnswer) => thread.answer?.resolve(answer));
    worker.on('error', (error) => {
      this.#failure ??= error;
      thread.answer?.reject(error);
    });
    return thread;
  }
}
