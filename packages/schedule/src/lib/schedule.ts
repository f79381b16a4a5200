import { nextRuns, type Timing } from './calendar.ts';
import { cronScheduler } from './cron-scheduler.ts';
import { checkJob, checkName, type Job, type Scope } from './job.ts';
import { launchdScheduler } from './launchd-scheduler.ts';
import { type Machine, thisMachine } from './machine.ts';
import { readWhen } from './own-mark.ts';
import { ScheduleError } from './schedule-error.ts';
import type { Scheduler } from './scheduler.ts';
import { systemdScheduler } from './systemd-scheduler.ts';
import { windowsScheduler } from './windows-scheduler.ts';

export const METHODS = ['cron', 'systemd', 'launchd', 'windows'] as const;

export type Method = (typeof METHODS)[number];

const SCHEDULERS: Readonly<Record<Method, Scheduler>> = {
  cron: cronScheduler,
  systemd: systemdScheduler,
  launchd: launchdScheduler,
  windows: windowsScheduler,
};

export interface ScheduleReport {
  readonly method: Method;
  /** `current`: installed as planned. `different`: installed otherwise. */
  readonly state: 'absent' | 'current' | 'different';
  /** What is or would be installed: a crontab's lines, units, a property list, a task. */
  readonly planned: string;
  /** What is installed. */
  readonly installed?: string;
  /** The next times by the plan, without what is added at random. */
  readonly next: readonly Date[];
}

export interface ShowOptions {
  /** Default: now. */
  readonly from?: Date;
  /** Default: the next five. */
  readonly count?: number;
}

/**
 * Installs a job, in place of the one of its name. Doing it again changes nothing.
 *
 * @returns what somebody should know or do besides, a sentence each.
 * @throws INVALID if the job cannot be; NOT_EXPRESSIBLE if this method cannot say it.
 * @throws NOT_OURS if something else is in the way.
 * @throws MISSING if the method is not on this machine; FAILED if a program of the system refuses.
 */
export async function installSchedule(
  method: Method,
  job: Job,
  machine: Machine = thisMachine(),
): Promise<readonly string[]> {
  const scheduler = SCHEDULERS[method];
  return scheduler.install(checkJob(job, scheduler.platform), machine);
}

/**
 * Says what is and what would be installed, and when it runs next. Changes nothing.
 *
 * @throws INVALID, NOT_EXPRESSIBLE, NOT_OURS or FAILED as {@link installSchedule}.
 */
export async function showSchedule(
  method: Method,
  job: Job,
  options: ShowOptions = {},
  machine: Machine = thisMachine(),
): Promise<ScheduleReport> {
  const scheduler = SCHEDULERS[method];
  const checked = checkJob(job, scheduler.platform);
  const planned = scheduler.plan(checked, machine);
  const installed = await findIfThere(method, job, machine);
  const same = installed !== undefined && comparable(installed) === comparable(planned);
  return {
    method,
    state: installed === undefined ? 'absent' : same ? 'current' : 'different',
    planned,
    ...(installed !== undefined && { installed }),
    next: nextRuns(checked.calendar, options),
  };
}

/**
 * When the installed job of a name runs; `undefined` if none is installed.
 *
 * @throws NOT_OURS or FAILED as {@link installSchedule}.
 */
export async function findSchedule(
  method: Method,
  { name, scope }: { readonly name: string; readonly scope: Scope },
  machine: Machine = thisMachine(),
): Promise<{ readonly when: Timing | undefined } | undefined> {
  checkName(name);
  const installed = await findIfThere(method, { name, scope }, machine);
  return installed === undefined ? undefined : { when: readWhen(installed) };
}

/** Where a method is missing nothing is installed by it. */
async function findIfThere(
  method: Method,
  { name, scope }: { readonly name: string; readonly scope: Scope },
  machine: Machine,
): Promise<string | undefined> {
  try {
    return await SCHEDULERS[method].find(name, scope, machine);
  } catch (error) {
    if (error instanceof ScheduleError && error.code === 'MISSING') return undefined;
    throw error;
  }
}

/**
 * Removes a job, and nothing that Quackup did not write.
 *
 * @returns whether it was there.
 * @throws NOT_OURS if what has its name is not Quackup's.
 * @throws MISSING if the method is not on this machine; FAILED if a program of the system refuses.
 */
export async function removeSchedule(
  method: Method,
  { name, scope }: { readonly name: string; readonly scope: Scope },
  machine: Machine = thisMachine(),
): Promise<boolean> {
  checkName(name);
  return SCHEDULERS[method].remove(name, scope, machine);
}

/** schtasks changes line breaks and indentation of what it is given. */
function comparable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
