import { type DailyProblem, type DailyReport, ERROR_CODES } from '@quackup/core';
import type { LastGood, NotificationEvent, Problem } from '@quackup/notify';

import type { RunRecord } from '../history/run-history.ts';

export interface EventFacts {
  readonly runId: string;
  readonly title: string;
  readonly host: string;
  readonly now: Date;
  /** The run as the history has it. */
  readonly record: RunRecord;
}

/** What ran, for titles: the configuration says which of several on a machine it was. */
export function eventTitle(configPath: string): string {
  return `daily backup, ${configPath}`;
}

/** A run that begins. */
export function startEvent(
  {
    runId,
    host,
    config,
  }: { readonly runId: string; readonly host: string; readonly config: { readonly path: string } },
  startedAt: Date,
): NotificationEvent {
  return {
    kind: 'start',
    title: eventTitle(config.path),
    host,
    runId,
    startedAt: startedAt.toISOString(),
    databases: [],
    targets: [],
    problems: [],
  };
}

/** A run that has ended, for {@link NotificationEvent}; what is news and what is over is not known yet. */
export function dailyEvent(
  report: DailyReport,
  { runId, title, host, now, record }: EventFacts,
): NotificationEvent {
  const lastGood = lastGoodOf(report, record, now);
  return {
    kind: report.outcome,
    title,
    host,
    runId,
    startedAt: report.startedAt,
    durationMs: report.durationMs,
    databases: record.databases.map(toPart),
    targets: record.targets.map(toPart),
    problems: report.problems.map(toProblem),
    ...(lastGood !== undefined && { lastGood }),
    ...(report.backup !== undefined && { readBytes: record.readBytes, storedBytes: record.storedBytes }),
  };
}

const toPart = ({ name, ok }: { name: string; ok: boolean }): NotificationEvent['databases'][number] => ({
  name,
  status: ok ? 'ok' : 'failed',
});

/**
 * A target's own codes are all TARGET_FAILED here, as where the command line shows them: a target that is out of reach fails
 * in one way today and in another tomorrow, and that is no news.
 */
function toProblem({ severity, subject, code, message, hint, momentary }: DailyProblem): Problem {
  const known = Object.hasOwn(ERROR_CODES, code) || code === 'WARNING';
  return {
    severity,
    subject,
    code: known ? code : 'TARGET_FAILED',
    message: known ? message : `${message} (${code})`,
    ...(hint !== undefined && { hint }),
    ...(momentary === true && { momentary }),
  };
}

/** Undefined if nothing is known of any target. */
function lastGoodOf(report: DailyReport, { targets }: RunRecord, now: Date): LastGood[] | undefined {
  const seen = new Set(report.lastGood.map(({ target }) => target));
  const known = targets.filter(({ name, lastGood }) => seen.has(name) || lastGood !== null);
  if (known.length === 0) return undefined;
  return known.map(({ name, lastGood, lastGoodAt }) => ({
    target: name,
    backup: lastGood,
    ageMs: lastGoodAt === null ? undefined : now.getTime() - Date.parse(lastGoodAt),
    asLastSeen: !seen.has(name),
  }));
}
