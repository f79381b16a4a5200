import type { OnProgress } from '@quackup/core';
import { MultiBar, type SingleBar } from 'cli-progress';

import type { CliIo } from '../cli-io.ts';
import { formatBar } from './format-task.ts';
import type { Progress } from './progress.ts';

interface Running {
  readonly bar: SingleBar;
  ended: boolean;
}

/** Progress for a terminal: a bar for each task. They go when the last has ended; what is left is said by the report. */
export class ProgressBars implements Progress {
  readonly #io: Pick<CliIo, 'stderr' | 'now'>;
  readonly #tasks = new Map<string, Running>();
  #bars: MultiBar | undefined;

  constructor(io: Pick<CliIo, 'stderr' | 'now'>) {
    this.#io = io;
  }

  readonly onProgress: OnProgress = (event) => {
    if (event.type === 'message') return;
    if (event.type === 'task-start') {
      this.#bars ??= this.#createBars();
      const bar = this.#bars.create(event.totalBytes, 0, {
        label: event.label,
        startMs: this.#io.now().getTime(),
      });
      this.#tasks.set(event.task, { bar, ended: false });
      return;
    }
    const task = this.#tasks.get(event.task);
    if (event.type === 'task-advance') task?.bar.increment(event.bytes);
    else if (task !== undefined) {
      task.ended = true;
      if ([...this.#tasks.values()].every(({ ended }) => ended)) this[Symbol.dispose]();
    }
  };

  /** Writes whole lines above the bars. */
  write(text: string): void {
    if (this.#bars === undefined) this.#io.stderr.write(text);
    else {
      this.#bars.log(text);
      // The library keeps them for its next tick, which may never come.
      this.#bars.update();
    }
  }

  [Symbol.dispose](): void {
    this.#bars?.stop();
    this.#bars = undefined;
    this.#tasks.clear();
  }

  #createBars(): MultiBar {
    const { stderr, now } = this.#io;
    return new MultiBar({
      stream: stderr,
      clearOnComplete: true,
      // The program's own handler decides about signals, and a hidden cursor would stay hidden after a kill.
      gracefulExit: false,
      hideCursor: false,
      linewrap: true,
      format: (_options, { value, total }, { label, startMs }: { label: string; startMs: number }) =>
        formatBar(
          { label, totalBytes: total, doneBytes: value, elapsedMs: now().getTime() - startMs },
          stderr.columns ?? 80,
        ),
    });
  }
}
