import type { Calendar, Timing } from './calendar.ts';
import type { CheckedJob } from './job.ts';

/** Stands in everything that Quackup writes for a scheduler. Only what has it is ever replaced or removed. */
export const MARK = 'Written by quackup schedule';

const WHEN = /quackup runs at: ([0-9*, ]*[0-9*])(?: \(([A-Za-z0-9_+/-]+)\))?(?:<|$)/m;

/** The mark, and when the job runs, in a form that {@link readWhen} reads. */
export function markOf({ calendar }: Pick<CheckedJob, 'calendar'>): readonly [mark: string, when: string] {
  return [`${MARK}; what is changed here is lost.`, `quackup runs at: ${whenOf(calendar)}`];
}

/** When an installed job runs, from its own words. */
export function readWhen(installed: string): Timing | undefined {
  const [, cron, timeZone] = WHEN.exec(installed.replaceAll('\r', '')) ?? [];
  if (cron === undefined) return undefined;
  return { cron, ...(timeZone !== undefined && { timeZone }) };
}

function whenOf({ expression, timeZone }: Calendar): string {
  return timeZone === undefined ? expression : `${expression} (${timeZone})`;
}
