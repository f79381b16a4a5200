import type { Calendar } from './calendar.ts';
import type { Machine } from './machine.ts';
import { ScheduleError } from './schedule-error.ts';

/** @throws NOT_EXPRESSIBLE if days of the month and of the week are both restricted: cron runs on either. */
export function refuseEitherDay({ expression, fields }: Calendar, method: string): void {
  if (fields.daysOfMonth === undefined || fields.weekdays === undefined) return;
  throw new ScheduleError(
    'NOT_EXPRESSIBLE',
    `"${expression}" runs on days of the month and on days of the week; ${method} cannot say "either"`,
    'restrict only one of them, or use cron or the daemon',
  );
}

/** UTC has several names. */
function canonical(timeZone: string): string {
  const { timeZone: name } = new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions();
  return /^(Etc\/)?(UTC|UCT|GMT|Universal|Zulu)$/.test(name) ? 'UTC' : name;
}

/** @throws NOT_EXPRESSIBLE if the times are those of another time zone than the machine's. */
export function refuseTimeZone({ timeZone }: Calendar, machine: Machine, method: string): void {
  if (timeZone === undefined || canonical(timeZone) === canonical(machine.timeZone)) return;
  throw new ScheduleError(
    'NOT_EXPRESSIBLE',
    `the times are those of ${timeZone}, and ${method} knows only those of this machine (${machine.timeZone})`,
    `leave out the time zone, or use systemd or the daemon`,
  );
}
