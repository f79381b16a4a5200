import { type Calendar, nextRuns } from './calendar.ts';

/** Time, as the daemon needs it. Tests bring their own. */
export interface Timer {
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or as soon as the signal is aborted. Does not reject. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface KeptSchedule {
  readonly calendar: Pick<Calendar, 'expression' | 'timeZone'>;
  /** A run begins up to this much later. */
  readonly jitterMs: number;
}

export interface KeepTimesOptions {
  /** Asked again and again: it may change. */
  readonly schedule: () => KeptSchedule;
  /** Asked once, at the start: whether a run was missed before. */
  readonly wasMissed: () => Promise<boolean>;
  /** Must not reject. While it works no other run begins. */
  readonly run: () => Promise<void>;
  /** Told when a run is to begin next, each time that this is known anew; how much later at random, only when it is due. */
  readonly onNext?: (next: Date | undefined) => void;
  readonly timer: Timer;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Aborted, it ends; a run that is at work is waited for. */
  readonly signal: AbortSignal;
}

/** The wall clock may be set, and a machine may sleep: it is looked at this often, milliseconds. */
const LOOK_MS = 30_000;

/** If the last run lies so far ahead the clock was set back, milliseconds. By less, a run would come twice. */
const MAX_AHEAD_MS = 3_600_000;

/**
 * Keeps a schedule until it is told to end. Runs follow one another; of all times that come while one is at work, or while the
 * machine sleeps, one run is made. After a change of the schedule only times from then on count.
 */
export async function keepTimes(options: KeepTimesOptions): Promise<void> {
  const { schedule, timer, signal, onNext } = options;
  let kept = schedule();
  let next = firstAfter(timer.now(), kept);
  // Of the last run, or since when this schedule is kept.
  let since = timer.now();
  const begin = async (): Promise<void> => {
    since = timer.now();
    await runLater(options, kept.jitterMs);
    next = firstAfter(since, kept);
  };
  if (await options.wasMissed()) await begin();
  let told: Date | undefined;
  while (!signal.aborted) {
    const now = timer.now();
    const current = schedule();
    if (!isSame(current, kept) || since.getTime() > now.getTime() + MAX_AHEAD_MS) {
      since = now;
      next = firstAfter(now, current);
    }
    kept = current;
    if (next !== undefined && next.getTime() <= now.getTime()) {
      await begin();
      continue;
    }
    if (next !== told) onNext?.(next);
    told = next;
    const untilNext = next === undefined ? LOOK_MS : next.getTime() - now.getTime();
    await timer.wait(Math.min(untilNext, LOOK_MS), signal);
  }
}

function firstAfter(from: Date, { calendar }: KeptSchedule): Date | undefined {
  return nextRuns(calendar, { count: 1, from })[0];
}

async function runLater(options: KeepTimesOptions, jitterMs: number): Promise<void> {
  const { run, timer, random, signal } = options;
  const laterMs = Math.floor(random() * jitterMs);
  if (laterMs > 0) options.onNext?.(new Date(timer.now().getTime() + laterMs));
  await timer.wait(laterMs, signal);
  if (!signal.aborted) await run();
}

function isSame({ calendar: a }: KeptSchedule, { calendar: b }: KeptSchedule): boolean {
  return a.expression === b.expression && a.timeZone === b.timeZone;
}
