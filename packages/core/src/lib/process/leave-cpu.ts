/**
 * Keeping this process off a processor, for an application that works beside it.
 *
 * A process that sleeps and wakes many times a second wakes now here, now there, and whoever has a thread where it wakes has to
 * move to another processor. Kept to the same processors it does not: decisions/0015.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const TASKSET_TIMEOUT_MS = 5_000;
/** How often the threads are bound until all of them are. */
const TRIES = 10;

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
    if (kept.length === allowed.length) return;
    // Also if not all threads can be bound, and still if not all of them could be given back last time.
    before ??= allowed;
    await bind(kept);
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

/** The processors that a thread of this process may use, the first one's by default; none if that is not known. */
export async function allowedCpus(thread: string | number = process.pid): Promise<readonly number[]> {
  const status = await readFile(`/proc/self/task/${thread}/status`, 'latin1').catch(() => '');
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
}

/** The numbers of a list as the kernel writes it (cpuset(7), "List format"): `0-2,5`. */
export function parseCpuList(text: string): readonly number[] {
  return Array.from(text.matchAll(/(\d+)(?:-(\d+))?/g)).flatMap(([, first = '', last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, place) => Number(first) + place),
  );
}

/**
 * `taskset` gives up at a thread that ends while it goes through them, and misses one that begins: so they are looked at
 * afterwards.
 *
 * @returns whether all threads are bound.
 */
async function bind(cpus: readonly number[]): Promise<boolean> {
  const args = ['-a', '-p', '-c', cpus.join(','), String(process.pid)];
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      await promisify(execFile)('taskset', args, { timeout: TASKSET_TIMEOUT_MS });
    } catch (error) {
      // There is none. Anything else may be about one thread.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    }
    if (await areBound(cpus)) return true;
  }
  return false;
}

async function areBound(cpus: readonly number[]): Promise<boolean> {
  const threads = await readdir('/proc/self/task').catch(() => []);
  const allowed = await Promise.all(threads.map((thread) => allowedCpus(thread)));
  // One that has ended tells nothing any more.
  return allowed.every((its) => its.length === 0 || isSameSet(its, cpus));
}

const isSameSet = (some: readonly number[], others: readonly number[]): boolean =>
  some.length === others.length && some.every((each) => others.includes(each));
