import type { Calendar } from './calendar.ts';
import { ScheduleError } from './schedule-error.ts';

/** What each field of an expression allows, ascending. `undefined`: everything. */
export interface CronFields {
  readonly minutes: readonly number[] | undefined;
  readonly hours: readonly number[] | undefined;
  readonly daysOfMonth: readonly number[] | undefined;
  readonly months: readonly number[] | undefined;
  /** 0 is Sunday. */
  readonly weekdays: readonly number[] | undefined;
}

const NICKNAMES: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
};

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Reads an expression: what crontab(5) of Vixie's cron defines, and no more than every cron understands. Names become
 * numbers, so that the same text serves them all.
 *
 * @throws INVALID
 */
export function parseCronFields(expression: string): Calendar {
  const text = NICKNAMES[expression.trim().toLowerCase()] ?? expression.trim();
  const parts = text.split(/[ \t]+/);
  const [minute, hour, dayOfMonth, month, weekday, ...rest] = parts;
  if (weekday === undefined || minute === undefined || hour === undefined || dayOfMonth === undefined)
    throw invalid(expression, 'it has five fields: minute, hour, day of the month, month, day of the week');
  if (month === undefined || rest.length > 0) throw invalid(expression, 'it has five fields and no more');
  const read = (
    field: string,
    from: number,
    to: number,
    names: readonly string[] = [],
  ): number[] | undefined => readField(field, { from, to, names, expression });
  const weekdays = read(weekday, 0, 7, WEEKDAYS);
  const fields: CronFields = {
    minutes: read(minute, 0, 59),
    hours: read(hour, 0, 23),
    daysOfMonth: read(dayOfMonth, 1, 31),
    months: read(month, 1, 12, ['', ...MONTHS]),
    // 0 and 7 are both Sunday.
    weekdays: weekdays && ascending(weekdays.map((day) => day % 7)),
  };
  const stepped = [dayOfMonth, weekday].some((field) => /^\*\/(?!1$)/.test(field));
  if (stepped && fields.daysOfMonth !== undefined && fields.weekdays !== undefined)
    throw invalid(
      expression,
      'what "*/N" means beside another restricted day differs from cron to cron; list the days',
    );
  return { expression: normalized(fields), fields };
}

interface FieldRules {
  readonly from: number;
  readonly to: number;
  readonly names: readonly string[];
  readonly expression: string;
}

function readField(field: string, rules: FieldRules): number[] | undefined {
  const values = field.split(',').map((item) => readItem(item, rules));
  // A star in a list allows everything, whatever else is there.
  if (values.includes(undefined)) return undefined;
  return ascending(values.flatMap((each) => each ?? []));
}

function readItem(item: string, { from, to, names, expression }: FieldRules): number[] | undefined {
  const [, range = '', first, last, stepText] =
    /^(\*|([a-z\d]+)(?:-([a-z\d]+))?)(?:\/(\d{1,2}))?$/i.exec(item) ?? [];
  if (range === '') throw invalid(expression, `"${item}" is not understood`);
  const step = stepText === undefined ? 1 : Number(stepText);
  if (step < 1) throw invalid(expression, `"${item}" has no step`);
  if (range === '*' && step === 1) return undefined;
  if (range !== '*' && last === undefined && stepText !== undefined)
    throw invalid(expression, `"${item}" has a step and no range`);
  const value = (text: string): number => {
    const named = names.indexOf(text.toLowerCase());
    const number =
      named > 0 || (named === 0 && text !== '') ? named : /^\d{1,2}$/.test(text) ? Number(text) : -1;
    if (number < from || number > to) throw invalid(expression, `"${text}" is not from ${from} to ${to}`);
    return number;
  };
  // Of the days of the week 7 is only another name of 0.
  const start = first === undefined ? from : value(first);
  const end = first === undefined ? (to === 7 ? 6 : to) : value(last ?? first);
  if (start > end) throw invalid(expression, `"${item}" ends before it begins`);
  return Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, index) => start + index * step);
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

function normalized({ minutes, hours, daysOfMonth, months, weekdays }: CronFields): string {
  return [minutes, hours, daysOfMonth, months, weekdays].map((values) => values?.join(',') ?? '*').join(' ');
}

function invalid(expression: string, why: string): ScheduleError {
  return new ScheduleError(
    'INVALID',
    `"${expression}" is no cron expression: ${why}`,
    'write it as "0 2 * * *" (every day at 02:00); see crontab(5)',
  );
}
