import { availableParallelism } from 'node:os';
import { type TransferListItem, Worker } from 'node:worker_threads';

/** More threads than this wait for the disk. */
const MAX_THREADS = 8;
/** What a thread keeps besides the chunk it works on is small; a leak shall end the thread and not the machine. */
const MAX_OLD_SPACE_MB = 64;
/** Tasks that a thread has at once: the one it does, and the next, so that it never waits for a message. */
const DEPTH = 2;

interface Thread<Answer> {
  readonly worker: Worker;
  /** What it has been given, oldest first: it answers in this order. */
  readonly given: PromiseWithResolvers<Answer>[];
}

/**
 * Threads that all run the same script, one for each core. It answers each message with one message, in order.
 *
 * libuv's pool would do for compression alone. But then hashing, a call, a stream object and a buffer for each chunk stay on
 * the main thread, which becomes what the others wait for.
 */
export class ThreadPool<Task, Answer> implements AsyncDisposable {
  readonly #threads: Thread<Answer>[];
  readonly #waiting: (() => void)[] = [];
  #failure: Error | undefined;

  /** @param script TypeScript in the repository, JavaScript in the package. */
  constructor(script: URL, threads: number = Math.min(MAX_THREADS, availableParallelism())) {
    this.#threads = Array.from({ length: threads }, () => this.#start(script));
  }

  /**
   * Gives a task to the thread that has least to do; waits while all have enough.
   *
   * @param transfer Memory that goes to the thread and is empty here afterwards.
   * @throws Error if a thread has ended by an error, now or earlier.
   */
  async run(task: Task, transfer: readonly TransferListItem[] = []): Promise<Answer> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const thread = this.#threads.reduce((a, b) => (b.given.length < a.given.length ? b : a));
      if (thread.given.length < DEPTH) return this.#give(thread, task, transfer);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #give(thread: Thread<Answer>, task: Task, transfer: readonly TransferListItem[]): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    thread.given.push(answer);
    thread.worker.postMessage(task, transfer);
    return answer.promise;
  }

  #start(script: URL): Thread<Answer> {
    const worker = new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: MAX_OLD_SPACE_MB } });
    const thread: Thread<Answer> = { worker, given: [] };
    worker.on('message', (answer: Answer) => {
      thread.given.shift()?.resolve(answer);
      this.#waiting.shift()?.();
    });
    worker.on('error', (error) => {
      this.#failure ??= error;
      for (const { reject } of thread.given.splice(0)) reject(error);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    return thread;
  }
}
