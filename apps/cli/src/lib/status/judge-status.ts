import type { BackupSummary } from '@quackup/core';

import type { RunHistory } from '../history/run-history.ts';

/** As monitoring plugins say it, with the exit code of each. */
export const STATES = { ok: 0, warning: 1, critical: 2, unknown: 3 } as const;

export type State = keyof typeof STATES;

/** What was seen on a target: its backups, newest first, or why nothing was. */
export type TargetFinding =
  | { readonly target: string; readonly backups: readonly BackupSummary[] }
  | { readonly target: string; readonly error: string };

export interface TargetStatus {
  readonly target: string;
  readonly state: State;
  readonly message: string;
  /** The newest complete backup, null if there is none; absent if the target could not be read. */
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
 * - critical: a target has no complete backup, or none that is young enough; what the last run wrote was damaged
 * - unknown: a target cannot be read
 * - warning: the newest backup of a target is not complete, or of the future; the last run failed or warned
 */
export function judgeStatus({
  findings,
  history,
  maxAgeMs,
  now,
}: {
  readonly findings: readonly TargetFinding[];
  readonly history: RunHistory;
  readonly maxAgeMs: number;
  readonly now: Date;
}): StatusReport {
  const targets = findings.map((finding) => judgeTarget(finding, maxAgeMs, now));
  const lastRun = judgeRun(history);
  const status = worst([...targets, ...(lastRun === null ? [] : [lastRun])].map(({ state }) => state));
  return { status, exitCode: STATES[status], maxAgeSeconds: maxAgeMs / 1000, targets, lastRun };
}

const FROM_WORST: readonly State[] = ['critical', 'unknown', 'warning', 'ok'];

function worst(states: readonly State[]): State {
  return FROM_WORST.find((state) => states.includes(state)) ?? 'unknown';
}

function judgeTarget(finding: TargetFinding, maxAgeMs: number, now: Date): TargetStatus {
  const { target } = finding;
  if ('error' in finding)
    return { target, state: 'unknown', message: `${target} cannot be read: ${finding.error}` };
  const { backups } = finding;
  const facts = {
    target,
    backups: backups.length,
    storedBytes: backups.reduce((sum, { storedBytes }) => sum + storedBytes, 0),
  };
  const good = backups.find(
    ({ damaged, failedDatabases }) => damaged === undefined && failedDatabases.length === 0,
  );
  if (good === undefined) {
    const message = `${target} has no complete backup`;
    return { ...facts, state: 'critical', message, backup: null, createdAt: null, ageSeconds: null };
  }
  const ageMs = now.getTime() - Date.parse(good.createdAt);
  const seen = {
    ...facts,
    backup: good.name,
    createdAt: good.createdAt,
    ageSeconds: Math.round(ageMs / 1000),
  };
  const what = `${good.name} on ${target}`;
  if (ageMs > maxAgeMs) return { ...seen, state: 'critical', message: `${what} is ${age(ageMs)} old` };
  if (ageMs < -FUTURE_MS)
    return { ...seen, state: 'warning', message: `${what} is of the future; see to the clocks` };
  const [newest] = backups;
  if (newest !== undefined && newest !== good) {
    const why = newest.damaged?.message ?? `without ${newest.failedDatabases.join(', ')}`;
    return {
      ...seen,
      state: 'warning',
      message: `${what} is ${age(ageMs)} old; ${newest.name} is not complete: ${why}`,
    };
  }
  return { ...seen, state: 'ok', message: `${what} is ${age(ageMs)} old` };
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
