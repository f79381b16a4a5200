import type { DailyReport } from '@quackup/core';

import type { RunHistory, RunRecord, TargetRecord } from './run-history.ts';

/** The history with one more run. */
export function addRun(history: RunHistory, runId: string, report: DailyReport): RunHistory {
  const { outcome, startedAt, durationMs } = report;
  const endedAt = new Date(Date.parse(startedAt) + durationMs).toISOString();
  return {
    ...history,
    runs: { ...history.runs, [outcome]: history.runs[outcome] + 1 },
    lastSuccessAt: outcome === 'failure' ? history.lastSuccessAt : endedAt,
    last: toRecord(runId, report, history.last),
  };
}

/** The history with the channels that could not be reached counted. */
export function addNotifierFailures(history: RunHistory, channels: readonly string[]): RunHistory {
  const notifierFailures = { ...history.notifierFailures };
  for (const channel of channels) notifierFailures[channel] = (notifierFailures[channel] ?? 0) + 1;
  return { ...history, notifierFailures };
}

function toRecord(runId: string, report: DailyReport, before: RunRecord | null): RunRecord {
  const { startedAt, durationMs, outcome, backup, verified, problems } = report;
  const databases = backup?.databases ?? [];
  const sum = (of: (database: (typeof databases)[number]) => number | undefined): number =>
    databases.reduce((total, database) => total + (of(database) ?? 0), 0);
  return {
    runId,
    startedAt,
    durationMs,
    outcome,
    backup: backup?.backup ?? null,
    kind: backup?.kind ?? null,
    readBytes: sum(({ sizeBytes }) => sizeBytes),
    storedBytes: backup?.archiveBytes ?? 0,
    reusedBytes: sum(({ reusedBytes }) => reusedBytes),
    databases:
      backup === undefined
        ? (before?.databases ?? []).map(({ name }) => ({ name, ok: false }))
        : databases.map(({ name, status }) => ({ name, ok: status === 'ok' })),
    targets: targetsOf(report, before?.targets ?? []),
    verified: verified.map(({ target, report: { level, ok, problems: found, durationMs: ms } }) => ({
      target,
      level,
      ok,
      problems: found.length,
      durationMs: ms,
    })),
    problems: problems.map(({ severity, subject, code, message }) => ({ severity, subject, code, message })),
  };
}

function isWritten({ targets }: NonNullable<DailyReport['backup']>, target: string): boolean {
  return targets.some(({ name, status }) => name === target && status === 'ok');
}

/** One that could not be read this time keeps what was known of it. */
function targetsOf(
  { backup, lastGood, problems }: DailyReport,
  before: readonly TargetRecord[],
): TargetRecord[] {
  const failed = problems.flatMap(({ severity, subject }) => {
    const name =
      severity === 'failure' ? /^(?:target|verification on|cleanup on) (.*)$/.exec(subject)?.[1] : undefined;
    return name === undefined ? [] : [name];
  });
  const names = new Set([
    ...(backup?.targets ?? []).map(({ name }) => name),
    ...lastGood.map(({ target }) => target),
    ...failed,
    // A run that ended before it came to targets says nothing of them.
    ...(backup === undefined ? before.map(({ name }) => name) : []),
  ]);
  return [...names].map((name) => {
    const now = lastGood.find(({ target }) => target === name);
    const old = before.find((target) => target.name === name);
    return {
      name,
      // A run without a backup says of a target only whether it can be read.
      ok: !failed.includes(name) && (backup === undefined ? now !== undefined : isWritten(backup, name)),
      lastGood: now === undefined ? (old?.lastGood ?? null) : now.backup,
      lastGoodAt: now === undefined ? (old?.lastGoodAt ?? null) : now.createdAt,
      backups: now?.backups ?? old?.backups ?? 0,
      storedBytes: now?.storedBytes ?? old?.storedBytes ?? 0,
      scannedAt: now === undefined ? (old?.scannedAt ?? null) : now.scannedAt,
    };
  });
}
