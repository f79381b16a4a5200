import { expect, test } from 'vitest';

import { DEFAULT_POLICY, planRetention } from '../../src/lib/retention/index.ts';
import { backupAt, keptNames, removedNames } from './backups.ts';

const NOW = new Date('2026-11-23T12:00:00Z');

test('the default policy keeps 30 days and, beyond them, five complete backups', () => {
  expect(DEFAULT_POLICY).toEqual({ keepDays: 30, minCount: 5 });
  const old = [
    '2026-01-07',
    '2026-01-06',
    '2026-01-05',
    '2026-01-04',
    '2026-01-03',
    '2026-01-02',
    '2026-01-01',
  ];
  const plan = planRetention(
    old.map((day) => backupAt(day)),
    DEFAULT_POLICY,
    NOW,
  );
  expect(keptNames(plan)).toEqual(old.slice(0, 5));
  expect(plan[6]).toEqual({
    name: '2026-01-01',
    keep: false,
    reasons: ['older than 30 days, no other rule keeps it'],
  });
});

test('every reason that keeps a backup is told, newest backup first', () => {
  const plan = planRetention(
    [backupAt('2026-11-21T02:00:00Z'), backupAt('2026-11-22T02:00:00Z', { verifiedAt: NOW })],
    {
      keepDays: 30,
      keepLast: 5,
      keepHourly: 1,
      keepDaily: 1,
      keepWeekly: 1,
      keepMonthly: 1,
      keepYearly: 1,
      minCount: 2,
    },
    NOW,
  );
  expect(plan).toEqual([
    {
      name: '2026-11-22T02:00:00Z',
      keep: true,
      reasons: [
        'the newest backup',
        'the newest verified backup',
        'younger than 30 days',
        'one of the newest 5',
        'hourly of 2026-11-22 02:00 UTC',
        'daily of 2026-11-22',
        'weekly of 2026-W47',
        'monthly of 2026-11',
        'yearly of 2026',
        'one of the newest 2 complete backups',
      ],
    },
    {
      name: '2026-11-21T02:00:00Z',
      keep: true,
      reasons: ['younger than 30 days', 'one of the newest 5', 'one of the newest 2 complete backups'],
    },
  ]);
});

test('a backup of exactly N times 24 hours is not younger than N days', () => {
  const plan = planRetention(
    [
      backupAt('2026-11-23T11:00:00Z'),
      backupAt('2026-11-22T12:00:00.001Z'),
      backupAt('2026-11-22T12:00:00Z'),
    ],
    { keepDays: 1 },
    NOW,
  );
  expect(removedNames(plan)).toEqual(['2026-11-22T12:00:00Z']);
});

test.for([{}, { minCount: 1 }, { keepDays: 0, keepLast: 0, keepDaily: 0, minCount: 0 }])(
  'a policy without a keep-rule removes nothing: %j',
  (policy) => {
    const plan = planRetention(
      [backupAt('1999-01-01'), backupAt('1998-01-01', { damaged: true })],
      policy,
      NOW,
    );
    expect(plan.map((decision) => decision.reasons)).toEqual([
      ['the policy removes nothing'],
      ['the policy removes nothing'],
    ]);
    expect(removedNames(plan)).toEqual([]);
  },
);

test('a rule keeps the last N days that have a backup, whatever gap lies between them', () => {
  const plan = planRetention(
    [backupAt('2026-11-22'), backupAt('2025-03-01'), backupAt('2024-02-29'), backupAt('2024-02-28')],
    { keepDaily: 3 },
    NOW,
  );
  expect(keptNames(plan)).toEqual(['2026-11-22', '2025-03-01', '2024-02-29']);
});

test('of each bucket the newest backup stays', () => {
  const plan = planRetention(
    [
      backupAt('2026-11-22T02:00:00Z'),
      backupAt('2026-11-22T23:59:59Z'),
      backupAt('2026-11-21T23:00:00Z'),
      backupAt('2026-11-21T01:00:00Z'),
    ],
    { keepDaily: 2 },
    NOW,
  );
  expect(keptNames(plan)).toEqual(['2026-11-22T23:59:59Z', '2026-11-21T23:00:00Z']);
});

test('dates in the future stay and take no slot of any rule', () => {
  const future = ['2027-01-01', '2026-12-01', '2026-11-24'].map((day) => backupAt(day, { verifiedAt: NOW }));
  const past = [
    backupAt('2026-11-20'),
    backupAt('2026-11-19'),
    backupAt('2026-11-18', { verifiedAt: NOW }),
    backupAt('2026-11-17'),
  ];
  const policy = { keepLast: 2, keepMonthly: 1, minCount: 2 };
  const plan = planRetention([...future, ...past], policy, NOW);
  expect(keptNames(plan)).toEqual([
    ...future.map((backup) => backup.name),
    '2026-11-20',
    '2026-11-19',
    '2026-11-18',
  ]);
  expect(plan[0]?.reasons).toEqual(['its date lies in the future']);
});

test('the newest, the newest complete and the newest verified backup stay under the harshest policy', () => {
  const plan = planRetention(
    [
      backupAt('2026-01-05', { damaged: true }),
      backupAt('2026-01-04', { complete: false }),
      backupAt('2026-01-03'),
      backupAt('2026-01-02', { verifiedAt: NOW }),
      backupAt('2026-01-01', { verifiedAt: NOW }),
    ],
    { keepDays: 1 },
    NOW,
  );
  expect(plan.map(({ keep, reasons }) => (keep ? reasons.join() : `- ${reasons.join()}`))).toEqual([
    'the newest backup',
    '- incomplete, older than 1 day, no other rule keeps it',
    'the newest complete backup',
    'the newest verified backup',
    '- older than 1 day, no other rule keeps it',
  ]);
});

test('a verified backup that was found damaged later does not count as verified', () => {
  const plan = planRetention(
    [
      backupAt('2026-01-03'),
      backupAt('2026-01-02', { verifiedAt: NOW, damaged: true }),
      backupAt('2026-01-01', { verifiedAt: NOW }),
    ],
    { keepLast: 1 },
    NOW,
  );
  expect(keptNames(plan)).toEqual(['2026-01-03', '2026-01-01']);
});

test('a damaged or incomplete backup takes no slot of a good one', () => {
  const backups = [
    backupAt('2026-11-22T05:00:00Z', { damaged: true }),
    backupAt('2026-11-22T04:00:00Z', { complete: false }),
    backupAt('2026-11-22T03:00:00Z'),
    backupAt('2026-11-21T03:00:00Z'),
    backupAt('2026-11-20T03:00:00Z'),
  ];
  expect(keptNames(planRetention(backups, { keepDaily: 1 }, NOW))).toEqual([
    '2026-11-22T05:00:00Z',
    '2026-11-22T03:00:00Z',
  ]);
  expect(removedNames(planRetention(backups, { keepLast: 2 }, NOW))).toEqual(['2026-11-20T03:00:00Z']);
  // minCount alone, with a rule that keeps nothing of this age: only the good ones count.
  const year = new Date('2027-12-01T00:00:00Z');
  expect(keptNames(planRetention(backups, { keepDays: 1, minCount: 2 }, year))).toEqual([
    '2026-11-22T05:00:00Z',
    '2026-11-22T03:00:00Z',
    '2026-11-21T03:00:00Z',
  ]);
});

test('a bucket that has only incomplete backups keeps the newest of them', () => {
  const plan = planRetention(
    [
      backupAt('2026-11-23T02:00:00Z'),
      backupAt('2026-11-22T04:00:00Z', { complete: false }),
      backupAt('2026-11-22T03:00:00Z', { complete: false }),
      backupAt('2026-11-21T02:00:00Z'),
    ],
    { keepDaily: 2 },
    NOW,
  );
  expect(removedNames(plan)).toEqual(['2026-11-22T03:00:00Z']);
});

test('a bucket that has a good backup does not keep a damaged one of it', () => {
  const plan = planRetention(
    [
      backupAt('2026-11-23T02:00:00Z'),
      backupAt('2026-11-22T05:00:00Z', { damaged: true }),
      backupAt('2026-11-22T03:00:00Z'),
    ],
    { keepDaily: 2 },
    NOW,
  );
  expect(removedNames(plan)).toEqual(['2026-11-22T05:00:00Z']);
  expect(plan[1]?.reasons).toEqual(['damaged, no rule keeps it']);
});

test('the newest verified backup that is complete stays beside a newer incomplete one', () => {
  const plan = planRetention(
    [
      backupAt('2026-11-22'),
      backupAt('2026-11-21', { verifiedAt: NOW, complete: false }),
      backupAt('2026-11-20', { verifiedAt: NOW }),
      backupAt('2026-11-19', { verifiedAt: NOW }),
    ],
    { keepLast: 1 },
    NOW,
  );
  expect(removedNames(plan)).toEqual(['2026-11-19']);
});

test('a backup that begins this very moment does not lie in the future', () => {
  const plan = planRetention(
    [{ ...backupAt('now'), createdAt: NOW }, backupAt('2026-11-22')],
    { keepLast: 1 },
    NOW,
  );
  expect(keptNames(plan)).toEqual(['now']);
});

test('backups that began in the same millisecond are ordered by name', () => {
  const createdAt = new Date('2026-11-22T02:00:00Z');
  const names = ['backup_20261122_020000', 'backup_20261122_020000_2'];
  const plan = planRetention(
    names.map((name) => ({ name, createdAt, complete: true })),
    { keepLast: 1 },
    NOW,
  );
  expect(keptNames(plan)).toEqual(['backup_20261122_020000_2']);
});

test('a backup whose date cannot be read stays', () => {
  const unreadable = { name: 'odd', createdAt: new Date(Number.NaN), complete: false, damaged: true };
  const plan = planRetention([backupAt('2026-11-22'), unreadable], { keepLast: 1 }, NOW);
  expect(plan).toContainEqual({ name: 'odd', keep: true, reasons: ['its date cannot be read'] });
});

test('an invalid now is refused instead of making everything old', () => {
  expect(() => planRetention([backupAt('2026-11-22')], { keepDays: 1 }, new Date('x'))).toThrow(RangeError);
});

test('no backups, no decisions', () => {
  expect(planRetention([], DEFAULT_POLICY, NOW)).toEqual([]);
});
