import { join } from 'node:path';

import type { Calendar } from './calendar.ts';
import { type CheckedJob, type Scope, wordsOf } from './job.ts';
import type { Machine } from './machine.ts';
import type { PlannedFile } from './own-file.ts';
import { markOf } from './own-mark.ts';
import { refuseEitherDay, refuseTimeZone } from './refuse-calendar.ts';
import { ScheduleError } from './schedule-error.ts';
import { renderXml, type Xml } from './xml.ts';

/** Each time of a calendar is an entry of its own; nobody backs up more often than this says. */
const MAX_ENTRIES = 500;

export function launchdLabel(name: string): string {
  return `io.quackup.${name}`;
}

/** launchd.plist(5), FILES. */
export function plistPath(name: string, scope: Scope, machine: Machine): string {
  const folder =
    scope === 'system'
      ? join(machine.root, 'Library/LaunchDaemons')
      : join(machine.home, 'Library/LaunchAgents');
  return join(folder, `${launchdLabel(name)}.plist`);
}

/**
 * The property list of a job: launchd.plist(5).
 *
 * @throws NOT_EXPRESSIBLE if launchd cannot say when.
 */
export function launchdPlist(job: CheckedJob, machine: Machine): PlannedFile {
  refuseTimeZone(job.calendar, machine, 'launchd');
  const dict: Xml = dictOf({
    Label: text(launchdLabel(job.name)),
    ProgramArguments: ['array', wordsOf(job, true).map(text)],
    WorkingDirectory: text(job.workingDir),
    EnvironmentVariables: dictOf(
      Object.fromEntries(Object.entries(job.environment).map(([key, value]) => [key, text(value)])),
    ),
    // launchd makes up for what was missed asleep, but not for what was missed while the machine was off.
    RunAtLoad: ['true', []],
    StartCalendarInterval: [
      'array',
      intervals(job.calendar).map((entry) =>
        dictOf(Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, number(value)]))),
      ),
    ],
    ProcessType: text('Background'),
    LowPriorityIO: ['true', []],
    Umask: number(0o077),
  });
  const head =
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n' +
    `<!--\n${markOf(job).join('\n')}\n-->\n`;
  return {
    path: plistPath(job.name, job.scope, machine),
    text: head + renderXml(['plist', [dict], { version: '1.0' }]),
  };
}

function text(value: string): Xml {
  return ['string', value];
}

function number(value: number): Xml {
  return ['integer', String(value)];
}

function dictOf(entries: Readonly<Record<string, Xml>>): Xml {
  return ['dict', Object.entries(entries).flatMap(([key, value]): Xml[] => [['key', key], value])];
}

/** What is left out of an entry is a wildcard. */
function intervals(calendar: Calendar): Record<string, number>[] {
  refuseEitherDay(calendar, 'launchd');
  const { minutes, hours, daysOfMonth, months, weekdays } = calendar.fields;
  const keys = { Month: months, Day: daysOfMonth, Weekday: weekdays, Hour: hours, Minute: minutes };
  let entries: Record<string, number>[] = [{}];
  for (const [key, values] of Object.entries(keys)) {
    if (values === undefined) continue;
    if (entries.length * values.length > MAX_ENTRIES) {
      throw new ScheduleError(
        'NOT_EXPRESSIBLE',
        `"${calendar.expression}" would be more than ${MAX_ENTRIES} entries for launchd`,
        'let it run less often',
      );
    }
    entries = entries.flatMap((entry) =>
      values.map((value) => Object.assign({ ...entry }, { [key]: value })),
    );
  }
  return entries;
}
