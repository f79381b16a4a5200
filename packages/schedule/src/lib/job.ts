import { posix, win32 } from 'node:path';

import { type Calendar, parseTiming, type Timing } from './calendar.ts';
import { ScheduleError } from './schedule-error.ts';

/** For whom it runs: the user who installs it, or the system (root, SYSTEM). */
export type Scope = 'user' | 'system';

/** What is to be run, and when. */
export interface Job {
  /** Tells several apart: letters, digits, `-` and `_`, 40 at most. */
  readonly name: string;
  readonly when: Timing;
  readonly command: {
    /** Absolute path of Node. */
    readonly node: string;
    /** Options of Node. */
    readonly nodeArgs?: readonly string[];
    /** Absolute path of the script. */
    readonly script: string;
    readonly args: readonly string[];
    /**
     * Further arguments for methods that neither make up for what was missed nor put a start off: with them the program
     * does both itself. It is then started more often than the calendar says.
     */
    readonly ifDueArgs: readonly string[];
  };
  /** Absolute. */
  readonly workingDir: string;
  /** Variables of the job, `PATH` among them. The Task Scheduler cannot set any, and leaves them out. */
  readonly environment: Readonly<Record<string, string>>;
  readonly scope: Scope;
  /** Absolute paths that it reads; they must not be hidden from it. */
  readonly readPaths: readonly string[];
  /** Absolute folders that it writes to. Only systemd, for the system, keeps it out of all others. */
  readonly readWritePaths: readonly string[];
  /** The most that a start is put off at random, seconds, by systemd and the Task Scheduler. Default: 300. */
  readonly maxDelaySeconds?: number;
}

/** A job that has been checked. */
export interface CheckedJob extends Job {
  readonly calendar: Calendar;
  readonly maxDelaySeconds: number;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;

/** @throws INVALID if it is not the name of a job. */
export function checkName(name: string): void {
  if (!NAME.test(name))
    throw new ScheduleError(
      'INVALID',
      `${JSON.stringify(name)} is no name of a job`,
      'use letters, digits, "-" and "_"',
    );
}

/**
 * Checks that a job can be written down for any scheduler.
 *
 * @throws INVALID if its timing, name, a variable or a path cannot be.
 */
export function checkJob(job: Job, platform: 'posix' | 'win32'): CheckedJob {
  checkName(job.name);
  const { node, nodeArgs = [], script, args, ifDueArgs } = job.command;
  const rules = platform === 'win32' ? win32 : posix;
  const paths: readonly (readonly [string, string])[] = [
    ['node', node],
    ['script', script],
    ['workingDir', job.workingDir],
    ...job.readPaths.map((path) => ['readPaths', path] as const),
    ...job.readWritePaths.map((path) => ['readWritePaths', path] as const),
  ];
  for (const [what, path] of paths) {
    if (!rules.isAbsolute(path))
      throw new ScheduleError('INVALID', `${what} is not absolute: ${JSON.stringify(path)}`);
  }
  for (const name of Object.keys(job.environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      throw new ScheduleError('INVALID', `${JSON.stringify(name)} is no name of a variable`);
  }
  const texts = [...nodeArgs, ...args, ...ifDueArgs, ...Object.values(job.environment)];
  for (const text of [...paths.map(([, path]) => path), ...texts]) {
    // A line break ends a line of a crontab or a unit, and XML has no control characters; other programs read the file.
    if (/\p{Cc}|[\u2028\u2029\uFFFE\uFFFF]/u.test(text) || !text.isWellFormed())
      throw new ScheduleError(
        'INVALID',
        `${JSON.stringify(text)} holds a character that cannot be written down`,
        'use a path without line breaks and control characters',
      );
  }
  const maxDelaySeconds = job.maxDelaySeconds ?? 300;
  if (!Number.isInteger(maxDelaySeconds) || maxDelaySeconds < 0 || maxDelaySeconds > 86_400)
    throw new ScheduleError('INVALID', `maxDelaySeconds is not from 0 to 86400: ${maxDelaySeconds}`);
  return { ...job, calendar: parseTiming(job.when), maxDelaySeconds };
}

/** Node, its options, the script and its arguments; if the method needs it with those that let it look after itself. */
export function wordsOf({ command }: Job, ifDue: boolean): readonly string[] {
  const { node, nodeArgs = [], script, args, ifDueArgs } = command;
  return [node, ...nodeArgs, script, ...args, ...(ifDue ? ifDueArgs : [])];
}
