/**
 * Keeping this process off a processor, for an application that works beside it.
 *
 * A process that sleeps and wakes many times a second wakes now here, now there, and whoever has a thread where it wakes has to
 * move to another processor, whose caches know nothing of it. Kept to the same processors it does not: decisions/0015.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const TASKSET_TIMEOUT_MS = 5_000;

/** How many are held, and which processors this process had before the first of them. */
let held = 0;
let before: readonly number[] | undefined;
/** One after another: each reads what the last one has set. */
let turn: Promise<void> = Promise.resolve();

/**
 * Keeps all threads of this process, and the processes that they start, off at least one of the processors that it may use, until
 * the last holder is disposed of. Where it may use only one, where there is no `taskset` (util-linux, BusyBox) and on
 * other systems than Linux nothing changes. Never throws.
 *
 * @param atMost How many processors it keeps. Default: all but one.
 */
export async function leaveCpu(atMost = Number.POSITIVE_INFINITY): Promise<AsyncDisposable> {
  if (process.platform !== 'linux') return { [Symbol.asyncDispose]: async () => {} };
  await inTurn(async () => {
    held += 1;
    if (held > 1) return;
    const allowed = await allowedCpus();
    const kept = cpusToKeep(allowed, atMost);
    // What could not be given back last time is still to be given back.
    if (kept.length < allowed.length && (await bind(kept))) before ??= allowed;
  });
  return { [Symbol.asyncDispose]: () => inTurn(giveBack) };
}

async function giveBack(): Promise<void> {
  held -= 1;
  if (held > 0 || before === undefined) return;
  if (await bind(before)) before = undefined;
}

async function inTurn(work: () => Promise<void>): Promise<void> {
  turn = turn.then(work);
  return turn;
}

/** Which of them are kept: any, since nobody knows where others will be, and two of us need not be at the same place. */
export function cpusToKeep(allowed: readonly number[], atMost: number): readonly number[] {
  const count = Math.min(allowed.length - 1, atMost);
  if (count < 1) return allowed;
  const first = randomInt(allowed.length);
  return Array.from({ length: count }, (_, place) => allowed[(first + place) % allowed.length] ?? 0);
}

/** The processors that this process may use; none if that is not known. */
export async function allowedCpus(): Promise<readonly number[]> {
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
}

/** The numbers of a list as the kernel writes it (cpuset(7), "List format"): `0-2,5`. */
export function parseCpuList(text: string): readonly number[] {
  return Array.from(text.matchAll(/(\d+)(?:-(\d+))?/g)).flatMap(([, first = '', last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, place) => Number(first) + place),
  );
}

async function bind(cpus: readonly number[]): Promise<boolean> {
  try {
    const args = ['-a', '-p', '-c', cpus.join(','), String(process.pid)];
    await promisify(execFile)('taskset', args, { timeout: TASKSET_TIMEOUT_MS });
    return true;
  } catch {
    // There is none, or a sandbox does not allow it. A part of the threads may be bound: that costs time, nothing else.
    return false;
  }
}
