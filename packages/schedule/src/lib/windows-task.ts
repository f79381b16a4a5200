import type { Calendar } from './calendar.ts';
import { type CheckedJob, wordsOf } from './job.ts';
import type { Machine } from './machine.ts';
import { markOf } from './own-mark.ts';
import { refuseEitherDay, refuseTimeZone } from './refuse-calendar.ts';
import { ScheduleError } from './schedule-error.ts';
import { renderXml, type Xml } from './xml.ts';

/** triggersType of the schema has maxOccurs="48". */
const MAX_TRIGGERS = 48;

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A folder of its own: everything in it is Quackup's. */
export function taskPath(name: string): string {
  return `\\Quackup\\${name}`;
}

/**
 * The task of a job, for `schtasks /create /xml`: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema,
 * elements in its order. The text begins with the declaration of UTF-16: write it with {@link encodeTask}.
 *
 * @throws NOT_EXPRESSIBLE if the Task Scheduler cannot say when.
 */
export function windowsTask(job: CheckedJob, machine: Machine): string {
  refuseTimeZone(job.calendar, machine, 'the Task Scheduler');
  const [node = '', ...words] = wordsOf(job, false);
  const task: Xml = [
    'Task',
    [
      [
        'RegistrationInfo',
        [
          ['Author', 'Quackup'],
          ['Description', markOf(job).join('\n')],
          ['URI', taskPath(job.name)],
        ],
      ],
      ['Triggers', triggers(job)],
      ['Principals', [['Principal', principal(job), { id: 'Author' }]]],
      [
        'Settings',
        [
          ['MultipleInstancesPolicy', 'IgnoreNew'],
          ['DisallowStartIfOnBatteries', 'false'],
          ['StopIfGoingOnBatteries', 'false'],
          // What was missed while the machine was off is made up.
          ['StartWhenAvailable', 'true'],
          ['ExecutionTimeLimit', 'PT0S'],
          ['Priority', '7'],
        ],
      ],
      [
        'Actions',
        [
          [
            'Exec',
            [
              ['Command', node],
              ['Arguments', words.map(windowsQuote).join(' ')],
              ['WorkingDirectory', job.workingDir],
            ],
          ],
        ],
        { Context: 'Author' },
      ],
    ],
    { version: '1.2', xmlns: 'http://schemas.microsoft.com/windows/2004/02/mit/task' },
  ];
  return `<?xml version="1.0" encoding="UTF-16"?>\n${renderXml(task)}`.replaceAll('\n', '\r\n');
}

/** UTF-16, little-endian, with its mark: what schtasks itself writes. */
export function encodeTask(text: string): Buffer {
  return Buffer.from(`\uFEFF${text}`, 'utf16le');
}

function principal({ scope }: CheckedJob): Xml[] {
  // S-1-5-18 is SYSTEM, in every language.
  if (scope === 'system') return [['UserId', 'S-1-5-18']];
  return [['LogonType', 'InteractiveToken']];
}

/** One trigger for each time of day. A boundary without a zone is local time. */
function triggers({ calendar, maxDelaySeconds }: CheckedJob): Xml[] {
  refuseEitherDay(calendar, 'the Task Scheduler');
  const hours = calendar.fields.hours ?? Array.from({ length: 24 }, (_, hour) => hour);
  const minutes = calendar.fields.minutes ?? Array.from({ length: 60 }, (_, minute) => minute);
  if (hours.length * minutes.length > MAX_TRIGGERS) {
    throw new ScheduleError(
      'NOT_EXPRESSIBLE',
      `"${calendar.expression}" has ${hours.length * minutes.length} times a day; the Task Scheduler takes ${MAX_TRIGGERS}`,
      'let it run less often',
    );
  }
  return hours.flatMap((hour) =>
    minutes.map((minute): Xml => [
      'CalendarTrigger',
      [
        ['Enabled', 'true'],
        ['StartBoundary', `2026-01-01T${two(hour)}:${two(minute)}:00`],
        ...(maxDelaySeconds > 0 ? [['RandomDelay', `PT${maxDelaySeconds}S`] as const] : []),
        schedule(calendar),
      ],
    ]),
  );
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function names(values: readonly number[], of: readonly string[]): Xml[] {
  return values.map((value) => [of[value] ?? '', []]);
}

function schedule({ fields: { daysOfMonth, months, weekdays } }: Calendar): Xml {
  const allMonths = Array.from({ length: 12 }, (_, index) => index + 1);
  const inMonths: Xml = [
    'Months',
    names(
      (months ?? allMonths).map((month) => month - 1),
      MONTHS,
    ),
  ];
  if (weekdays !== undefined) {
    const days: Xml = ['DaysOfWeek', names(weekdays, WEEKDAYS)];
    if (months === undefined) return ['ScheduleByWeek', [['WeeksInterval', '1'], days]];
    const weeks: Xml = ['Weeks', ['1', '2', '3', '4', 'Last'].map((week): Xml => ['Week', week])];
    return ['ScheduleByMonthDayOfWeek', [weeks, days, inMonths]];
  }
  if (daysOfMonth === undefined && months === undefined) return ['ScheduleByDay', [['DaysInterval', '1']]];
  const days = daysOfMonth ?? Array.from({ length: 31 }, (_, index) => index + 1);
  return ['ScheduleByMonth', [['DaysOfMonth', days.map((day): Xml => ['Day', String(day)])], inMonths]];
}

/** A word as CommandLineToArgvW and Microsoft's C library read it: backslashes count only before a quote. */
export function windowsQuote(word: string): string {
  if (word !== '' && !/[\s"]/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, String.raw`$1$1\"`).replaceAll(/(\\+)$/g, '$1$1')}"`;
}
