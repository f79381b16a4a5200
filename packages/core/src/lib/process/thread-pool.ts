import { availableParallelism } from 'node:os';
import { type TransferListItem, Worker } from 'node:worker_threads';

import { HAS_THREAD_PRIORITY, type ThreadData } from './thread-priority.ts';

/** Of this process when it began: while it leaves one (leave-cpu.ts) it must not be left twice. */
const CORES = availableParallelism();
/** More threads than this wait for the disk. */
const MAX_THREADS = 8;
/** What a thread keeps besides the chunk it works on is small; a leak shall end the thread and not the machine. */
const MAX_OLD_SPACE_MB = 64;
/** Tasks that a thread has at once: the one it does, and the next, so that it never waits for a message. */
const DEPTH = 2;
/** Many times what a task takes: a gentle thread that needs so long gets next to no time. */
const STARVED_MS = 2_000;

interface Thread<Answer> {
  readonly worker: Worker;
  /** What it has been given, oldest first: it answers in this order. */
  readonly given: { readonly answer: PromiseWithResolvers<Answer>; readonly sinceMs: number }[];
}

export interface ThreadPoolOptions {
  /** Default: see {@link defaultThreads}. */
  readonly threads?: number | undefined;
  /** Leave the processor to whoever else wants it: a core is left free and, on Linux, the priority is the lowest. */
  readonly gentle?: boolean | undefined;
  /** How long a gentle thread may take for a task, milliseconds. */
  readonly starvedMs?: number | undefined;
}

/**
 * How many threads a pool has: one for each core, up to 8, and gentle ones one fewer where there are more cores than one.
 *
 * A priority alone is not enough for others: when every core is at work, someone who wakes up waits for a turn on the one
 * where they slept, and no core that has nothing to do takes them over. See decisions/0011.
 */
export function defaultThreads(cores: number, gentle: boolean): number {
  return Math.min(MAX_THREADS, Math.max(1, gentle ? cores - 1 : cores));
}

/**
 * Threads that all run the same script, about one for each core. It answers each message with one message, in order.
 *
 * libuv's pool would do for compression alone. But then hashing, a call, a stream object and a buffer for each chunk stay on
 * the main thread, which becomes what the others wait for.
 *
 * Gentle threads leave a core free and have the lowest priority. On a machine that others keep busy altogether they would get
 * on at a fiftieth of the speed, and a thread cannot be raised again: so those that starve are given nothing more, and
 * ordinary ones take their place.
 */
export class ThreadPool<Task, Answer> implements AsyncDisposable {
  #threads: readonly Thread<Answer>[];
  #retired: readonly Thread<Answer>[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #watch: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  /** @param script TypeScript in the repository, JavaScript in the package. Calls `setThreadPriority` first. */
  constructor(script: URL, options: ThreadPoolOptions = {}) {
    const { gentle: wanted = false, starvedMs = STARVED_MS } = options;
    const { threads = defaultThreads(CORES, wanted) } = options;
    const gentle = wanted && HAS_THREAD_PRIORITY;
    this.#threads = Array.from({ length: threads }, () => this.#start(script, { gentle }));
    if (gentle)
      this.#watch = setInterval(() => this.#replaceStarved(script, starvedMs), starvedMs / 4).unref();
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
    clearInterval(this.#watch);
    await Promise.all([...this.#threads, ...this.#retired].map(({ worker }) => worker.terminate()));
  }

  #give(thread: Thread<Answer>, task: Task, transfer: readonly TransferListItem[]): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    thread.given.push({ answer, sinceMs: performance.now() });
    thread.worker.postMessage(task, transfer);
    return answer.promise;
  }

  #replaceStarved(script: URL, starvedMs: number): void {
    const beforeMs = performance.now() - starvedMs;
    if (!this.#threads.some(({ given: [oldest] }) => oldest !== undefined && oldest.sinceMs < beforeMs))
      return;
    clearInterval(this.#watch);
    this.#retired = this.#threads;
    this.#threads = this.#threads.map(() => this.#start(script, { gentle: false }));
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #start(script: URL, workerData: ThreadData): Thread<Answer> {
    const worker = new Worker(script, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MAX_OLD_SPACE_MB },
    });
    const thread: Thread<Answer> = { worker, given: [] };
    worker.on('message', (answer: Answer) => {
      thread.given.shift()?.answer.resolve(answer);
      this.#waiting.shift()?.();
    });
    worker.on('error', (error) => {
      this.#failure ??= error;
      for (const { answer } of thread.given.splice(0)) answer.reject(error);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    return thread;
  }
}
