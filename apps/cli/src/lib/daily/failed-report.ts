import { type DailyProblem, type DailyReport, type FailureReport, QuackupError } from '@quackup/core';

import { describeError } from '../describe-error.ts';

export interface FailedRun {
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Somebody wanted it to end. */
  readonly interrupted: boolean;
}

/** A run that ended before it could report, as a report: what is good on the targets is not known. */
export function failedReport(error: unknown, { startedAt, endedAt, interrupted }: FailedRun): DailyReport {
  const { code, message, hint }: FailureReport = interrupted
    ? {
        code: 'INTERRUPTED',
        message: 'the run was interrupted: what was begun is not listed unless it is whole',
        hint: 'run quackup daily again',
      }
    : described(error);
  const subject = error instanceof QuackupError && code === 'HOOK_FAILED' ? 'hook before' : 'daily run';
  return {
    outcome: 'failure',
    startedAt: startedAt.toISOString(),
    durationMs: Math.max(0, endedAt.getTime() - startedAt.getTime()),
    verified: [],
    cleanups: [],
    problems: [{ severity: 'failure', subject, code, message, ...(hint !== undefined && { hint }) }],
    deferred: [],
    lastGood: [],
  };
}

function described(error: unknown): FailureReport {
  const { code, message, hint } = describeError(error);
  return { code, message, ...(hint !== undefined && { hint }) };
}

/** A report with more problems, all of them warnings. */
export function withWarnings(report: DailyReport, warnings: readonly DailyProblem[]): DailyReport {
  if (warnings.length === 0) return report;
  const outcome = report.outcome === 'success' ? 'warning' : report.outcome;
  return { ...report, outcome, problems: [...report.problems, ...warnings] };
}
