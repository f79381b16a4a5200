import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import type { RetentionPolicy } from '../../src/lib/api.ts';
import { planRetention, type RetentionCandidate } from '../../src/lib/retention/index.ts';
import { keptNames, removedNames } from './backups.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;
const KEEP_RULES = [
  'keepDays',
  'keepLast',
  'keepHourly',
  'keepDaily',
  'keepWeekly',
  'keepMonthly',
  'keepYearly',
] as const;

// Steps from half an hour to five weeks: every bucket size is shared by some backups and not by others.
const backup = fc.record(
  {
    hoursAgo: fc.oneof(fc.integer({ min: -4, max: 60 }), fc.integer({ min: -48, max: 24 * 1000 })),
    complete: fc.boolean(),
    verified: fc.boolean(),
    damaged: fc.boolean(),
    suspect: fc.boolean(),
    databases: fc.subarray(['a', 'b', 'c']),
  },
  { requiredKeys: ['hoursAgo', 'complete'] },
);
const backups = fc.array(backup, { maxLength: 25 }).map((raw) =>
  raw.map(({ hoursAgo, complete, verified, damaged, suspect, databases }, index): RetentionCandidate => ({
    name: `b${index}`,
    createdAt: new Date(NOW.getTime() - hoursAgo * HOUR),
    complete,
    ...(verified ? { verifiedAt: NOW } : {}),
    ...(damaged === undefined ? {} : { damaged }),
    ...(suspect === undefined ? {} : { suspect }),
    ...(databases === undefined ? {} : { databases }),
  })),
);
const count = fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined });
const policy = fc
  .record({
    keepDays: fc.option(fc.integer({ min: 0, max: 800 }), { nil: undefined }),
    keepLast: count,
    keepHourly: count,
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    keepYearly: count,
    minCount: count,
  })
  .map((raw): RetentionPolicy =>
    Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)),
  );
const hasRule = (each: RetentionPolicy): boolean => KEEP_RULES.some((rule) => (each[rule] ?? 0) > 0);
const policyWithRule = policy.filter(hasRule);

const isSound = (each: RetentionCandidate): boolean => each.damaged !== true && each.suspect !== true;
const isGood = (each: RetentionCandidate): boolean => each.complete && isSound(each);
const day = (each: RetentionCandidate): string => each.createdAt.toISOString().slice(0, 10);
const isPast = (each: RetentionCandidate): boolean => each.createdAt <= NOW;
const newestFirst = (all: readonly RetentionCandidate[]): RetentionCandidate[] =>
  [...all].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.name < b.name ? 1 : -1));

test('every backup gets one decision with a reason, newest first', () => {
  fc.assert(
    fc.property(backups, policy, (all, rules) => {
      const plan = planRetention(all, rules, NOW);
      expect(plan.map(({ name }) => name)).toEqual(newestFirst(all).map(({ name }) => name));
      expect(plan.every(({ reasons }) => reasons.length > 0)).toBe(true);
    }),
  );
});

test('the order of the input is irrelevant', () => {
  const shuffled = backups.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, policy, ([all, mixed], rules) => {
      expect(planRetention(mixed, rules, NOW)).toEqual(planRetention(all, rules, NOW));
    }),
  );
});

test('a stronger policy never removes more', () => {
  const raised = policyWithRule.chain((weak) =>
    fc.tuple(
      fc.constant(weak),
      policy.map((extra): RetentionPolicy => {
        const keys = [...KEEP_RULES, 'minCount'] as const;
        return Object.fromEntries(keys.map((key) => [key, (weak[key] ?? 0) + (extra[key] ?? 0)]));
      }),
    ),
  );
  fc.assert(
    fc.property(backups, raised, (all, [weak, strong]) => {
      const kept = new Set(keptNames(planRetention(all, strong, NOW)));
      expect(keptNames(planRetention(all, weak, NOW)).filter((name) => !kept.has(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('planning again over what was kept removes nothing', () => {
  fc.assert(
    fc.property(backups, policy, (all, rules) => {
      const kept = new Set(keptNames(planRetention(all, rules, NOW)));
      const left = all.filter(({ name }) => kept.has(name));
      expect(removedNames(planRetention(left, rules, NOW))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('what the plan promises to keep is never removed', () => {
  fc.assert(
    fc.property(backups, policyWithRule, (all, rules) => {
      const removed = new Set(removedNames(planRetention(all, rules, NOW)));
      const past = newestFirst(all).filter(isPast);
      const good = past.filter(isGood);
      const promised = [
        ...all.filter((each) => !isPast(each)),
        past[0],
        good[0],
        ...good.slice(0, rules.minCount ?? 0),
        past.find((each) => each.verifiedAt !== undefined && isSound(each)),
        ...['a', 'b', 'c'].flatMap((database) =>
          [past.filter(isSound), good].map((group) =>
            group.find((each) => each.databases?.includes(database)),
          ),
        ),
        good.find((each) => each.verifiedAt !== undefined),
      ];
      expect(promised.filter((each) => each !== undefined && removed.has(each.name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('the rules keep as many good buckets as they say, if there are so many', () => {
  fc.assert(
    fc.property(backups, fc.integer({ min: 1, max: 6 }), (all, keepDaily) => {
      const good = newestFirst(all).filter((each) => isPast(each) && isGood(each));
      const newestOfDays = [...Map.groupBy(good, day).values()]
        .slice(0, keepDaily)
        .map((group) => group[0]?.name);
      const kept = new Set(keptNames(planRetention(all, { keepDaily }, NOW)));
      expect(newestOfDays.filter((name) => name === undefined || !kept.has(name))).toEqual([]);
    }),
  );
});

test('a backup in the future changes no decision about the others', () => {
  fc.assert(
    fc.property(backups, policy, fc.integer({ min: 1, max: 9999 }), (all, rules, hours) => {
      const ahead = { name: 'ahead', createdAt: new Date(NOW.getTime() + hours * HOUR), complete: true };
      const plan = planRetention([...all, ahead], rules, NOW);
      expect(plan.filter(({ name }) => name !== 'ahead')).toEqual(planRetention(all, rules, NOW));
    }),
  );
});

test('adding a damaged or an unverified incomplete backup never removes a good one', () => {
  const bad = fc.tuple(fc.integer({ min: 0, max: 24 * 1000 }), fc.boolean());
  fc.assert(
    fc.property(backups, policyWithRule, bad, (all, rules, [hours, damaged]) => {
      const added: RetentionCandidate = {
        name: 'bad',
        createdAt: new Date(NOW.getTime() - hours * HOUR),
        complete: damaged,
        damaged,
      };
      const before = keptNames(planRetention(all, rules, NOW));
      const after = new Set(keptNames(planRetention([...all, added], rules, NOW)));
      const good = new Set(all.filter(isGood).map(({ name }) => name));
      expect(before.filter((name) => good.has(name) && !after.has(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('adding a newest good backup brings nothing back that was to go', () => {
  fc.assert(
    fc.property(backups, policyWithRule, (all, rules) => {
      const added: RetentionCandidate = { name: 'zz', createdAt: NOW, complete: true, verifiedAt: NOW };
      const before = removedNames(planRetention(all, rules, NOW));
      const after = new Set(removedNames(planRetention([...all, added], rules, NOW)));
      expect(before.filter((name) => !after.has(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('as time passes nothing that was to go comes back', () => {
  fc.assert(
    fc.property(backups, policyWithRule, fc.integer({ min: 0, max: 9999 }), (all, rules, hours) => {
      const past = all.filter(isPast);
      const later = new Date(NOW.getTime() + hours * HOUR);
      const after = new Set(removedNames(planRetention(past, rules, later)));
      expect(removedNames(planRetention(past, rules, NOW)).filter((name) => !after.has(name))).toEqual([]);
    }),
  );
});
