/** What the configuration of the year promises of old backups, told apart from the code that keeps it. */
export interface Made {
  readonly name: string;
  readonly createdAt: Date;
}

/** `retention:` of the year's configuration. */
export const RETENTION = { keepDays: 10, minCount: 5, keepWeekly: 4, keepMonthly: 12 } as const;

const DAY_MS = 86_400_000;

/**
 * The complete backups of a target that must stay.
 *
 * @param made All that are there, in any order.
 */
export function mustBeThere(made: readonly Made[], now: Date): ReadonlySet<string> {
  const newestFirst = made.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  const young = newestFirst.filter(
    ({ createdAt }) => now.getTime() - createdAt.getTime() < RETENTION.keepDays * DAY_MS,
  );
  return new Set(
    [
      ...young,
      ...newestFirst.slice(0, RETENTION.minCount),
      ...newestOfEach(newestFirst, RETENTION.keepWeekly, weekOf),
      ...newestOfEach(newestFirst, RETENTION.keepMonthly, (date) => date.toISOString().slice(0, 7)),
    ].map(({ name }) => name),
  );
}

/** More than this are too many: old ones were to be removed. Each rule at its most, and some that are no complete backups. */
export const MOST: number =
  RETENTION.keepDays + 2 + RETENTION.minCount + RETENTION.keepWeekly + RETENTION.keepMonthly + 8;

function newestOfEach(newestFirst: readonly Made[], count: number, periodOf: (date: Date) => string): Made[] {
  const newest = new Map<string, Made>();
  for (const each of newestFirst) {
    const period = periodOf(each.createdAt);
    if (!newest.has(period)) newest.set(period, each);
  }
  return [...newest.values()].slice(0, count);
}

/** The Monday of its week. */
function weekOf(date: Date): string {
  const sinceMonday = (date.getUTCDay() + 6) % 7;
  return new Date(date.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}
