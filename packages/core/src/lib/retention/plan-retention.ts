import { millisecondsInDay } from 'date-fns/constants';

import type { RetentionPolicy } from '../api.ts';
import { CALENDAR_RULES, hasKeepRule } from './calendar-buckets.ts';

/** What retention has to know of a backup. */
export interface RetentionCandidate {
  readonly name: string;
  /** When the backup began, as its manifest records it. Never a file's time. */
  readonly createdAt: Date;
  /** The manifest is whole and no database failed in that run. */
  readonly complete: boolean;
  /** When it last passed a scan. */
  readonly verifiedAt?: Date;
  /** Known to be damaged: the manifest cannot be used, or a verification found something. */
  readonly damaged?: boolean;
  /** Needs an archive in which something was found when another backup was verified. */
  readonly suspect?: boolean;
  /** Names of the databases in it; none where only a key tells. */
  readonly databases?: readonly string[];
}

export interface RetentionDecision {
  readonly name: string;
  readonly keep: boolean;
  /** Why it stays, or why it goes; for people. Never empty. */
  readonly reasons: readonly string[];
}

/** One decision for every candidate, newest first. */
export type RetentionPlan = readonly RetentionDecision[];

type Kept = Map<RetentionCandidate, string[]>;

/**
 * Decides which backups stay. Pure: nothing is removed here.
 *
 * - The keep-rules add up. A rule of 0 is switched off; a policy without any rule removes nothing, whatever `minCount`.
 * - `keepDays: N` keeps what is younger than N times 24 hours. `keepHourly` to `keepYearly: N` keep the newest backup
 *   of each of the last N hours, days, ISO weeks, months or years (UTC) *that have a backup*, as restic does: gaps use
 *   up nothing. `keepLast: N` keeps the newest N.
 * - `minCount: N` keeps the newest N good backups besides. Good means complete, not damaged and not suspect.
 * - Of the backups up to `now`, the newest, the newest good one and the newest verified one always stay; and of each database
 *   the newest sound one that holds it, and the newest good one, so that backups of one never push out the last one of another.
 * - A backup that is not good never takes the place of a good one: what the rules keep among the good is decided as
 *   if there were no others. Over and above that, the same rules are applied to all backups together (in a bucket,
 *   good ones first), so that a fresh incomplete backup, which may hold the only recent copy of a database, stays too.
 * - Dates after `now` stay, and are invisible to every rule: a wrong clock cannot push good backups out. So do dates
 *   that cannot be read.
 *
 * The order of `backups` does not matter; equal dates are ordered by name.
 *
 * @throws RangeError if `now` is not a date: nothing could be younger than it.
 */
export function planRetention(
  backups: readonly RetentionCandidate[],
  policy: RetentionPolicy,
  now: Date,
): RetentionPlan {
  if (Number.isNaN(now.getTime())) throw new RangeError('planRetention: now is not a valid date');
  const newestFirst = [...backups].sort(byAgeThenName);
  const kept: Kept = new Map();

  for (const backup of newestFirst) {
    if (Number.isNaN(backup.createdAt.getTime())) keep(kept, backup, 'its date cannot be read');
    else if (backup.createdAt > now) keep(kept, backup, 'its date lies in the future');
  }
  const eligible = newestFirst.filter((backup) => !kept.has(backup));
  const good = eligible.filter(isGood);

  if (!hasKeepRule(policy)) {
    for (const backup of eligible) keep(kept, backup, 'the policy removes nothing');
  } else {
    keepAlways(kept, eligible, good);
    keepByAge(kept, eligible, policy.keepDays ?? 0, now);
    for (const group of [good, eligible]) {
      keepNewest(kept, group, policy.keepLast ?? 0, (count) => `one of the newest ${count}`);
      keepByCalendar(kept, group, policy);
    }
    keepNewest(kept, good, policy.minCount ?? 0, (count) => `one of the newest ${count} complete backups`);
  }
  return newestFirst.map((backup) => {
    const reasons = kept.get(backup);
    return reasons === undefined
      ? { name: backup.name, keep: false, reasons: [reasonToGo(backup, policy)] }
      : { name: backup.name, keep: true, reasons };
  });
}

function byAgeThenName(a: RetentionCandidate, b: RetentionCandidate): number {
  // An unreadable date sorts first: it is treated like one in the future.
  const timeA = Number.isNaN(a.createdAt.getTime()) ? Infinity : a.createdAt.getTime();
  const timeB = Number.isNaN(b.createdAt.getTime()) ? Infinity : b.createdAt.getTime();
  if (timeA !== timeB) return timeB > timeA ? 1 : -1;
  if (a.name === b.name) return 0;
  return b.name > a.name ? 1 : -1;
}

function isGood(backup: RetentionCandidate): boolean {
  return backup.complete && isSound(backup);
}

/** Whether what is in it can be expected to restore. */
function isSound(backup: RetentionCandidate): boolean {
  return backup.damaged !== true && backup.suspect !== true;
}

function keep(kept: Kept, backup: RetentionCandidate | undefined, reason: string): void {
  if (backup === undefined) return;
  const reasons = kept.get(backup) ?? [];
  // A rule is applied to the good ones and then to all; it says its reason once.
  if (!reasons.includes(reason)) kept.set(backup, [...reasons, reason]);
}

function keepAlways(
  kept: Kept,
  eligible: readonly RetentionCandidate[],
  good: readonly RetentionCandidate[],
): void {
  keep(kept, eligible[0], 'the newest backup');
  if (good[0] !== eligible[0]) keep(kept, good[0], 'the newest complete backup');
  const isVerified = (backup: RetentionCandidate): boolean =>
    backup.verifiedAt !== undefined && isSound(backup);
  keep(kept, eligible.find(isVerified), 'the newest verified backup');
  keep(kept, good.find(isVerified), 'the newest verified backup');
  // Complete ones first: one that lacks another database never takes the place of one that does not.
  for (const group of [good, eligible.filter(isSound)]) keepEachDatabase(kept, group);
}

function keepEachDatabase(kept: Kept, group: readonly RetentionCandidate[]): void {
  const seen = new Set<string>();
  const lastOf = new Map<RetentionCandidate, string>();
  for (const backup of group) {
    for (const database of backup.databases ?? []) {
      // Said only of those that nothing else has kept so far.
      if (!seen.has(database) && !kept.has(backup)) lastOf.set(backup, database);
      seen.add(database);
    }
  }
  for (const [backup, database] of lastOf) keep(kept, backup, `the newest backup of ${database}`);
}

function keepByAge(kept: Kept, eligible: readonly RetentionCandidate[], days: number, now: Date): void {
  for (const backup of eligible) {
    const age = now.getTime() - backup.createdAt.getTime();
    if (age < days * millisecondsInDay)
      keep(kept, backup, `younger than ${days} ${days === 1 ? 'day' : 'days'}`);
  }
}

function keepNewest(
  kept: Kept,
  group: readonly RetentionCandidate[],
  count: number,
  reason: (count: number) => string,
): void {
  if (count > 0) for (const backup of group.slice(0, count)) keep(kept, backup, reason(count));
}

function keepByCalendar(kept: Kept, group: readonly RetentionCandidate[], policy: RetentionPolicy): void {
  for (const { policyKey, bucketOf } of CALENDAR_RULES) {
    const count = policy[policyKey] ?? 0;
    if (count <= 0) continue;
    // A Map keeps insertion order: newest bucket first, and newest first within each.
    const buckets = Map.groupBy(group, (backup) => bucketOf(backup.createdAt));
    for (const [label, inBucket] of [...buckets].slice(0, count)) {
      keep(kept, inBucket.find(isGood) ?? inBucket[0], label);
    }
  }
}

function reasonToGo(backup: RetentionCandidate, policy: RetentionPolicy): string {
  const age = policy.keepDays
    ? `older than ${policy.keepDays} ${policy.keepDays === 1 ? 'day' : 'days'}`
    : '';
  const state =
    backup.damaged === true
      ? 'damaged'
      : backup.suspect === true
        ? 'suspect'
        : backup.complete
          ? ''
          : 'incomplete';
  return [state, age, age === '' ? 'no rule keeps it' : 'no other rule keeps it'].filter(Boolean).join(', ');
}
