import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Kind, Measured } from './impact-table.ts';
import type { PacedWriter } from './paced-writer.ts';

/** What a process does to start is no part of a slice. */
const START_MS = 1_200;
/** After each change, before the next slice is counted. */
const SETTLE_MS = 60;

export interface SliceOptions {
  readonly kind: Exclude<Kind, 'alone'>;
  /** Length of a slice, milliseconds. */
  readonly sliceMs: number;
  /** For how long, milliseconds. */
  readonly forMs: number;
  /** Starts the work once, as the leader of a process group. */
  readonly start: () => ChildProcess;
  /** Removes what the work leaves, also when it was killed, and waits for what that costs. */
  readonly cleanUp: () => Promise<void>;
}

/**
 * Slices of time in which the work is stopped and in which it goes on, in turn. The two of a pair are a fraction of a second apart, so
 * what drifts from one minute to the next is the same for both, and the share is known to 1 or 2 % after minutes instead of hours.
 *
 * Not in it: the start of a process, and what it does after less than {@link SETTLE_MS}. Threads of a low priority that were stopped
 * get ahead of others for a moment, so what they cost is told too high.
 *
 * @returns what `compareWindows` takes: the first and every second one is without the work.
 */
export async function measureSlices(writer: PacedWriter, options: SliceOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  const untilMs = performance.now() + options.forMs;
  while (performance.now() < untilMs) {
    const child = options.start();
    const ended = once(child, 'exit');
    await Promise.race([sleep(START_MS), ended]);
    measured.push(...(await slicesOf(child, writer, options, untilMs)));
    if (isRunning(child)) signal(child, 'SIGKILL');
    await ended;
    if (child.exitCode !== null && child.exitCode !== 0)
      throw new Error(`${options.kind}: the work ended with ${child.exitCode}`);
    await options.cleanUp();
  }
  return measured;
}

async function slicesOf(
  child: ChildProcess,
  writer: PacedWriter,
  { kind, sliceMs }: SliceOptions,
  untilMs: number,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  const take = async (what: Kind): Promise<Measured> => {
    await sleep(SETTLE_MS);
    await writer.window();
    await sleep(sliceMs);
    return { kind: what, made: 0, ...(await writer.window()) };
  };
  while (isRunning(child) && performance.now() < untilMs) {
    signal(child, 'SIGSTOP');
    const without = await take('alone');
    signal(child, 'SIGCONT');
    const withIt = await take(kind);
    // One in which the work has ended is half of this and half of that.
    if (isRunning(child)) measured.push(without, withIt);
  }
  return measured;
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** To the whole group: a snapshot is taken by a child of the child. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) throw new Error('the work did not start');
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    // It ended in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
