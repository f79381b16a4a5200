/**
 * Runs a pipeline of programs and says what it took. Each stage runs under GNU time, which asks the kernel (`wait4`) for
 * that stage and every process it waited for:
 *
 * - CPU seconds (user and system) of the stages are added up: exact to 10 ms a stage.
 * - Peak memory is, for each stage, the largest resident set of any single process, and the stages, which run at once,
 *   are added up: an upper bound, as they need not peak together. But if all processes together were seen to hold more
 *   at one time (memory-watch.ts), because a stage has several, it is that.
 * - Wall seconds are taken outside, around the shell that starts the stages.
 *
 * GNU time and not `process.resourceUsage()`, which has no children, nor `/proc`, which is gone when a process ends; and
 * a forked child counts its parent's memory as its own until it execs, so the parent must be small, which Node is not.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { MemoryWatch } from './memory-watch.ts';
import { type ProcessOptions, runProcess } from './run-process.ts';

/** A program and its arguments. */
export type Stage = readonly [command: string, ...args: string[]];

export interface Usage {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

export interface MeasureOptions extends ProcessOptions {
  /** Path of GNU time. */
  readonly timeProgram: string;
  /** Where the figures of each stage are put for a moment. */
  readonly scratch: string;
}

/**
 * Runs stages as a shell pipeline, the output of each the input of the next.
 *
 * @throws Error if any stage fails; otherwise as {@link runProcess}.
 */
export async function measure(stages: readonly Stage[], options: MeasureOptions): Promise<Usage> {
  const id = randomUUID();
  const files = stages.map((_, index) => join(options.scratch, `${id}.${index}`));
  const timed = stages.map((stage, index) =>
    [options.timeProgram, '-q', '-f', '%U %S %M %x', '-o', files[index] ?? '', ...stage].map(quote).join(' '),
  );
  using watch = new MemoryWatch();
  try {
    const { wallSeconds } = await runProcess('sh', ['-c', timed.join(' | ')], {
      ...options,
      onStart: (pid) => watch.start(pid),
    });
    const figures = await Promise.all(files.map(async (file) => parseFigures(await readFile(file, 'utf8'))));
    for (const [index, { exitCode }] of figures.entries()) {
      if (exitCode !== 0) throw new Error(`${(stages[index] ?? []).join(' ')}: exit code ${exitCode}`);
    }
    return {
      wallSeconds,
      cpuSeconds: figures.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      peakBytes: Math.max(
        watch.peakBytes,
        figures.reduce((sum, { peakBytes }) => sum + peakBytes, 0),
      ),
    };
  } finally {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }
}

interface Figures {
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly exitCode: number;
}

function parseFigures(text: string): Figures {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+) (\d+)\n$/.exec(text);
  if (match === null) throw new Error(`GNU time wrote ${JSON.stringify(text)}`);
  const [user = 0, system = 0, peakKiB = 0, exitCode = 0] = match.slice(1).map(Number);
  return { cpuSeconds: user + system, peakBytes: peakKiB * 1024, exitCode };
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
