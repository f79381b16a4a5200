import type { Calendar } from './calendar.ts';
import { refuseEitherDay } from './refuse-calendar.ts';

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/**
 * A calendar in systemd's words: systemd.time(7).
 *
 * @throws NOT_EXPRESSIBLE if days of the month and of the week are both restricted: cron runs on either, systemd only on both.
 */
export function onCalendar(calendar: Calendar): string {
  refuseEitherDay(calendar, 'systemd');
  const { fields, timeZone } = calendar;
  const { minutes, hours, daysOfMonth, months, weekdays } = fields;
  // From Monday on, as systemd itself writes it.
  const days = weekdays && [...weekdays].sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7));
  const prefix = days === undefined ? '' : `${days.map((day) => WEEKDAYS[day]).join(',')} `;
  const zone = timeZone === undefined ? '' : ` ${timeZone}`;
  return `${prefix}*-${list(months)}-${list(daysOfMonth)} ${list(hours)}:${list(minutes)}:00${zone}`;
}

function list(values: readonly number[] | undefined): string {
  return values?.map((value) => String(value).padStart(2, '0')).join(',') ?? '*';
}
