import { type BackupSummary, isComplete, storedBytesOf } from '@quackup/core';

import type { RunHistory, TargetRecord } from '../history/run-history.ts';
import { counted } from '../render/format.ts';
import { newestOfEach, type Protection } from './newest-of-each.ts';

/** As monitoring plugins say it, with the exit code of each. */
export const STATES = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

export type State = keyof typeof STATES;

/** What was seen on a target: its backups, newest first, or why nothing was, or that it cannot be asked from here. */
export type TargetFinding =
  | {
      readonly target: string;
      readonly backups: readonly BackupSummary[];
      /** Why this is all that was looked at, for who expects more. */
      readonly missing?: string;
    }
  | { readonly target: string; readonly writeOnly: true }
  | { readonly target: string; readonly error: string };

export interface TargetStatus {
  readonly target: string;
  readonly state: State;
  readonly message: string;
  /**
   * The newest good backup, of the database whose newest one is the oldest; null if one has none; absent if the target could not
   * be read.
   */
  readonly backup?: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt?: string | null;
  readonly ageSeconds?: number | null;
  readonly backups?: number;
  readonly storedBytes?: number;
}

export interface StatusReport {
  readonly status: State;
  readonly exitCode: number;
  readonly maxAgeSeconds: number;
  readonly targets: readonly TargetStatus[];
  /** The last run of `daily` on this machine, null if there was none. */
  readonly lastRun: {
    readonly state: State;
    readonly message: string;
    readonly outcome: 'success' | 'warning' | 'failure';
    readonly startedAt: string;
    readonly durationSeconds: number;
  } | null;
}

/** Clocks of machines differ a little; a backup that is more ahead than this is odd, milliseconds. */
const FUTURE_MS = 3_600_000;

/**
 * Judges what was seen. The backups on the targets count first; the last run of `daily` only adds to it.
 *
 * - critical: a target has no good backup of a database, or none that is young enough; what the last run wrote was damaged
 * - unknown: a target cannot be read, or is only written and no run on this machine has
 * - warning: the newest backup of a target is not complete, or of the future; the last run failed or warned
 */
export function judgeStatus({
  findings,
  databases,
  history,
  maxAgeMs,
  now,
}: {
  readonly findings: readonly TargetFinding[];
  /** Names of those that the configuration asks to be backed up; none if it names none. */
  readonly databases: readonly string[];
  readonly history: RunHistory;
  readonly maxAgeMs: number;
  readonly now: Date;
}): StatusReport {
  const targets = findings.map((finding) =>
    'writeOnly' in finding
      ? judgeWriteOnly(
          finding.target,
          history.last?.targets.find(({ name }) => name === finding.target),
          maxAgeMs,
          now,
        )
      : judgeTarget(finding, databases, maxAgeMs, now),
  );
  const lastRun = judgeRun(history);
  const status = worst([...targets, ...(lastRun === null ? [] : [lastRun])].map(({ state }) => state));
  return { status, exitCode: STATES[status], maxAgeSeconds: maxAgeMs / 1000, targets, lastRun };
}

const FROM_WORST: readonly State[] = ['critical', 'unknown', 'warning', 'ok'];

function worst(states: readonly State[]): State {
  return FROM_WORST.find((state) => states.includes(state)) ?? 'unknown';
}

function judgeTarget(
  finding: Exclude<TargetFinding, { writeOnly: true }>,
  databases: readonly string[],
  maxAgeMs: number,
  now: Date,
): TargetStatus {
  const { target } = finding;
  if ('error' in finding)
    return { target, state: 'unknown', message: `${target} cannot be read: ${finding.error}` };
  const { backups } = finding;
  const facts = {
    target,
    backups: backups.length,
    storedBytes: storedBytesOf(backups),
  };
  const protections = newestOfEach(backups, databases);
  const isOld = ({ backup }: Protection): boolean => backup === undefined || ageOf(backup, now) > maxAgeMs;
  const old = protections.filter(isOld).map((each) => describe(each, databases, target, now));
  const good = protections[0].backup;
  if (good === undefined) {
    const { missing } = finding;
    const message = `${old.join('; ')}${missing === undefined ? '' : `: ${missing}`}`;
    return { ...facts, state: 'critical', message, backup: null, createdAt: null, ageSeconds: null };
  }
  const ageMs = ageOf(good, now);
  const seen = {
    ...facts,
    backup: good.name,
    createdAt: good.createdAt,
    ageSeconds: Math.round(ageMs / 1000),
  };
  const what = `${good.name} on ${target}`;
  if (old.length > 0) return { ...seen, state: 'critical', message: old.join('; ') };
  if (ageMs < -FUTURE_MS)
    return { ...seen, state: 'warning', message: `${what} is of the future; see to the clocks` };
  const [newest] = backups;
  if (newest !== undefined && !isComplete(newest)) {
    const why = (newest.damaged ?? newest.suspect)?.message ?? `without ${missingFrom(newest)}`;
    return {
      ...seen,
      state: 'warning',
      message: `${what} is ${age(ageMs)} old; ${newest.name} is not complete: ${why}`,
    };
  }
  return { ...seen, state: 'ok', message: `${what} is ${age(ageMs)} old` };
}

/** Such a target answers nothing, so what counts is what `daily` wrote there; whether it is still there others can tell. */
function judgeWriteOnly(
  target: string,
  record: TargetRecord | undefined,
  maxAgeMs: number,
  now: Date,
): TargetStatus {
  const { lastGood: backup = null, lastGoodAt: createdAt = null } = record ?? {};
  if (backup === null || createdAt === null) {
    const message = `${target} can only be written from here, and no run of daily on this machine made a complete backup there`;
    return { target, state: 'unknown', message };
  }
  const ageMs = ageOf({ createdAt }, now);
  const seen = { target, backup, createdAt, ageSeconds: Math.round(ageMs / 1000) };
  const message = `${backup}, the last that was written to ${target}, is ${age(ageMs)} old`;
  return { ...seen, state: ageMs > maxAgeMs ? 'critical' : 'ok', message };
}

/** `backup_X on local is 3 d 0 h old`; which databases it is about, if not all. */
function describe(
  { databases, backup }: Protection,
  all: readonly string[],
  target: string,
  now: Date,
): string {
  const some = databases.length === all.length ? undefined : databases.join(', ');
  if (backup === undefined)
    return `${target} has no ${some === undefined ? 'complete backup' : `backup of ${some}`}`;
  const what = `${backup.name} on ${target}`;
  return `${some === undefined ? what : `${what}, the last with ${some},`} is ${age(ageOf(backup, now))} old`;
}

const ageOf = ({ createdAt }: Pick<BackupSummary, 'createdAt'>, now: Date): number =>
  now.getTime() - Date.parse(createdAt);

/** An encrypted backup says only how many they are. */
function missingFrom({ failedDatabases, failedCount }: BackupSummary): string {
  return failedDatabases.length > 0 ? failedDatabases.join(', ') : counted(failedCount, 'database');
}

function judgeRun({ last }: RunHistory): StatusReport['lastRun'] {
  if (last === null) return null;
  const { outcome, startedAt, durationMs, problems } = last;
  const facts = { outcome, startedAt, durationSeconds: durationMs / 1000 };
  const damage = last.verified.find(({ ok }) => !ok);
  if (damage !== undefined) {
    const message = `what the last run wrote to ${damage.target} is damaged`;
    return { ...facts, state: 'critical', message };
  }
  const [first] = problems.toSorted((a, b) => a.severity.localeCompare(b.severity));
  if (first === undefined) return { ...facts, state: 'ok', message: 'the last run went well' };
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const verb = outcome === 'failure' ? 'failed' : 'warned';
  return {
    ...facts,
    state: 'warning',
    message: `the last run ${verb}: ${first.subject}: ${first.message}${more}`,
  };
}

/** `3 h`, `2 d 4 h`, `12 min` */
function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
