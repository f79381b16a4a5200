import { UTCDate } from '@date-fns/utc';
// One by one, not from 'date-fns': that loads 250 modules, which every command would wait for.
import { getISOWeek } from 'date-fns/getISOWeek';
import { getISOWeekYear } from 'date-fns/getISOWeekYear';

import type { RetentionPolicy } from '../api.ts';

/** A rule that keeps one backup of each hour, day, week, month or year. */
export interface CalendarRule {
  /** The key of the policy that says how many buckets. */
  readonly policyKey: 'keepHourly' | 'keepDaily' | 'keepWeekly' | 'keepMonthly' | 'keepYearly';
  /** Which bucket a date falls into, as a reason for keeping: `daily of 2026-11-22`. Equal text, same bucket. */
  readonly bucketOf: (date: Date) => string;
}

// Buckets are cut in UTC, so that the day on which clocks change has as many backups as any other, and the same
// backups are kept wherever cleanup runs.
const rule = (
  policyKey: CalendarRule['policyKey'],
  label: string,
  name: (date: Date) => string,
): CalendarRule => ({ policyKey, bucketOf: (date) => `${label} of ${name(date)}` });

/** As in 2026-W48. Weeks are ISO 8601's: they begin on Monday and belong to the year that holds their Thursday. */
function weekOf(date: Date): string {
  const utc = new UTCDate(date);
  return `${getISOWeekYear(utc)}-W${String(getISOWeek(utc)).padStart(2, '0')}`;
}

export const CALENDAR_RULES: readonly CalendarRule[] = [
  rule('keepHourly', 'hourly', (date) => `${date.toISOString().slice(0, 13).replace('T', ' ')}:00 UTC`),
  rule('keepDaily', 'daily', (date) => date.toISOString().slice(0, 10)),
  rule('keepWeekly', 'weekly', weekOf),
  rule('keepMonthly', 'monthly', (date) => date.toISOString().slice(0, 7)),
  rule('keepYearly', 'yearly', (date) => date.toISOString().slice(0, 4)),
];

/** Whether the policy has any rule that keeps. `minCount` is a floor under the rules, not one of them. */
export function hasKeepRule(policy: RetentionPolicy): boolean {
  return [policy.keepDays, policy.keepLast, ...CALENDAR_RULES.map((each) => policy[each.policyKey])].some(
    (count) => count !== undefined && count > 0,
  );
}
