import type { OnProgress } from '@quackup/core';

import type { CliIo } from '../cli-io.ts';
import { formatEndLine, formatProgressLine } from './format-task.ts';
import type { Progress } from './progress.ts';

/** A line at most this often: enough to see that a run of hours is alive, few enough for a log. */
const INTERVAL_MS = 30_000;

interface Running {
  readonly label: string;
  readonly totalBytes: number;
  readonly startMs: number;
  doneBytes: number;
  lastLineMs: number;
}

/** Progress for pipes and logs: a line for each task that has ended, and now and then one for a task that runs. */
export class ProgressLines implements Progress {
  readonly #io: Pick<CliIo, 'stderr' | 'now'>;
  readonly #tasks = new Map<string, Running>();

  constructor(io: Pick<CliIo, 'stderr' | 'now'>) {
    this.#io = io;
  }

  readonly onProgress: OnProgress = (event) => {
    const nowMs = this.#io.now().getTime();
    if (event.type === 'message') return;
    if (event.type === 'task-start') {
      const { label, totalBytes } = event;
      this.#tasks.set(event.task, { label, totalBytes, startMs: nowMs, lastLineMs: nowMs, doneBytes: 0 });
      return;
    }
    const task = this.#tasks.get(event.task);
    if (task === undefined) return;
    const state = { label: task.label, totalBytes: task.totalBytes, elapsedMs: nowMs - task.startMs };
    if (event.type === 'task-end') {
      this.#tasks.delete(event.task);
      this.#io.stderr.write(`${formatEndLine({ ...state, doneBytes: task.doneBytes })}\n`);
      return;
    }
    task.doneBytes += event.bytes;
    if (nowMs - task.lastLineMs < INTERVAL_MS) return;
    task.lastLineMs = nowMs;
    this.#io.stderr.write(`${formatProgressLine({ ...state, doneBytes: task.doneBytes })}\n`);
  };

  [Symbol.dispose](): void {
    this.#tasks.clear();
  }
}
