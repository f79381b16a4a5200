import { afterEach, describe, expect, test } from 'vitest';

import { planRetention } from '../../src/lib/retention/index.ts';
import { backupAt, keptNames } from './backups.ts';

const NOW = new Date('2028-01-31T00:00:00Z');
const zoneBefore = process.env.TZ;
afterEach(() => {
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

const keptBy = (policy: Parameters<typeof planRetention>[1], ...dates: string[]): string[] =>
  keptNames(
    planRetention(
      dates.map((date) => backupAt(date)),
      policy,
      NOW,
    ),
  );

describe.each(['UTC', 'America/New_York', 'Europe/Berlin', 'Pacific/Kiritimati'])(
  'in the time zone %s',
  (zone) => {
    test('days and hours are cut in UTC, also on the days when clocks change', () => {
      process.env.TZ = zone;
      expect(new Date('2026-11-01T12:00:00Z').getHours() === 12).toBe(zone === 'UTC');
      // New York repeats 01:xx local time at 05:30Z and 06:30Z on 2026-11-01; Berlin repeats 02:xx on 2026-10-25.
      expect(keptBy({ keepHourly: 9 }, '2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z')).toHaveLength(2);
      expect(keptBy({ keepHourly: 9 }, '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z')).toHaveLength(2);
      expect(keptBy({ keepDaily: 9 }, '2026-03-08T00:10:00Z', '2026-03-08T23:50:00Z')).toEqual([
        '2026-03-08T23:50:00Z',
      ]);
      expect(keptBy({ keepDaily: 9 }, '2026-03-08T23:59:59Z', '2026-03-09T00:00:00Z')).toHaveLength(2);
      expect(keptBy({ keepMonthly: 9 }, '2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z')).toHaveLength(2);
    });
  },
);

test('the leap day is a day of its own', () => {
  expect(keptBy({ keepDaily: 9 }, '2024-02-28', '2024-02-29', '2024-03-01')).toHaveLength(3);
  expect(keptBy({ keepMonthly: 9 }, '2024-02-29T23:00:00Z', '2024-03-01T00:00:00Z')).toHaveLength(2);
});

test('week 53 of 2026 reaches into January, and its year is 2026', () => {
  const plan = planRetention(
    [backupAt('2026-12-28'), backupAt('2027-01-03T23:00:00Z'), backupAt('2027-01-04')],
    { keepWeekly: 9 },
    NOW,
  );
  expect(plan.map(({ keep, reasons }) => [keep, reasons.at(-1)])).toEqual([
    [true, 'weekly of 2027-W01'],
    [true, 'weekly of 2026-W53'],
    [false, 'no rule keeps it'],
  ]);
});

test('the first days of a year may belong to week 52 or 1 of another', () => {
  const plan = planRetention([backupAt('2023-01-01'), backupAt('2024-12-30')], { keepWeekly: 9 }, NOW);
  expect(plan.map(({ reasons }) => reasons.at(-1))).toEqual(['weekly of 2025-W01', 'weekly of 2022-W52']);
});

test('years are calendar years', () => {
  expect(keptBy({ keepYearly: 2 }, '2027-12-31', '2027-01-01', '2026-12-31', '2025-06-01')).toEqual([
    '2027-12-31',
    '2026-12-31',
  ]);
});
