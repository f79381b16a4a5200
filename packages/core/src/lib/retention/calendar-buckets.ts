import { UTCDate } from '@date-fns/utc';
import { format } from 'date-fns';

import type { RetentionPolicy } from '../api.ts';

/** A rule that keeps one backup of each hour, day, week, month or year. */
export interface CalendarRule {
  /** The key of the policy that says how many buckets. */
  readonly policyKey: 'keepHourly' | 'keepDaily' | 'keepWeekly' | 'keepMonthly' | 'keepYearly';
  /** Which bucket a date falls into, as a reason for keeping: `daily of 2026-11-22`. Equal text, same bucket. */
  readonly bucketOf: (date: Date) => string;
}

// Buckets are cut in UTC, so that the day on which clocks change has as many backups as any other, and the same
// backups are kept wherever cleanup runs. Weeks are ISO 8601's: they begin on Monday and belong to the year that
// holds their Thursday, hence RRRR (week-numbering year) and not yyyy.
const rule = (policyKey: CalendarRule['policyKey'], label: string, pattern: string): CalendarRule => ({
  policyKey,
  bucketOf: (date) => `${label} of ${format(new UTCDate(date), pattern)}`,
});

export const CALENDAR_RULES: readonly CalendarRule[] = [
  rule('keepHourly', 'hourly', "yyyy-MM-dd HH:'00' 'UTC'"),
  rule('keepDaily', 'daily', 'yyyy-MM-dd'),
  rule('keepWeekly', 'weekly', "RRRR-'W'II"),
  rule('keepMonthly', 'monthly', 'yyyy-MM'),
  rule('keepYearly', 'yearly', 'yyyy'),
];

/** Whether the policy has any rule that keeps. `minCount` is a floor under the rules, not one of them. */
export function hasKeepRule(policy: RetentionPolicy): boolean {
  return [policy.keepDays, policy.keepLast, ...CALENDAR_RULES.map((each) => policy[each.policyKey])].some(
    (count) => count !== undefined && count > 0,
  );
}
