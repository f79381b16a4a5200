import { Cron } from 'croner';

import { type CronFields, parseCronFields } from './cron-fields.ts';
import { ScheduleError } from './schedule-error.ts';

/** When a job runs. */
export type Timing = (
  | {
      /** `02:00`: every day. */
      readonly at: string;
    }
  | {
      /** Five fields as in crontab(5), or `@daily` and its like. */
      readonly cron: string;
    }
) & {
  /** IANA name. Default: that of the machine. */
  readonly timeZone?: string;
};

/** A timing that has been understood. */
export interface Calendar {
  /** Five fields. */
  readonly expression: string;
  readonly fields: CronFields;
  /** IANA name; absent: local time, whatever that is when it is asked for. */
  readonly timeZone?: string;
}

/**
 * Understands a timing.
 *
 * @throws INVALID if it is no time or expression, or one that never comes (30 February), or its time zone is none.
 */
export function parseTiming(timing: Timing): Calendar {
  const { timeZone } = timing;
  if (timeZone !== undefined && !isTimeZone(timeZone))
    throw new ScheduleError('INVALID', `"${timeZone}" is no time zone`, 'write it as Europe/Berlin');
  const expression = 'at' in timing ? dailyAt(timing.at) : timing.cron;
  const calendar = { ...parseCronFields(expression), ...(timeZone !== undefined && { timeZone }) };
  if (nextRuns(calendar, { count: 1 }).length === 0)
    throw new ScheduleError('INVALID', `"${expression}" never comes`, 'name a day that the month has');
  return calendar;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function dailyAt(at: string): string {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(at) ?? [];
  if (hours === undefined || minutes === undefined)
    throw new ScheduleError('INVALID', `"${at}" is no time of day`, 'write it as 02:00');
  return `${Number(minutes)} ${Number(hours)} * * *`;
}

export interface NextRunsOptions {
  /** Default: 5. */
  readonly count?: number;
  /** Runs after this moment. Default: now. */
  readonly from?: Date;
}

/**
 * The next times, as cron and the daemon keep them: a time that a change of clocks leaves out comes at the first moment after
 * the gap, one that comes twice counts once.
 */
export function nextRuns(
  { expression, timeZone }: Pick<Calendar, 'expression' | 'timeZone'>,
  { count = 5, from = new Date() }: NextRunsOptions = {},
): Date[] {
  const cron = new Cron(expression, {
    paused: true,
    mode: '5-part',
    // crontab(5): if both days are restricted, either will do.
    domAndDow: false,
    ...(timeZone !== undefined && { timezone: timeZone }),
  });
  return cron.nextRuns(count, from);
}
