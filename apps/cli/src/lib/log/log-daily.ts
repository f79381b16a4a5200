import type { DailyReport } from '@quackup/core';

import type { RunLog } from './run-log.ts';

const isOk = ({ status }: { readonly status: string }): boolean => status === 'ok';

/** What a run did, as lines of the log. */
export function logDaily(log: RunLog, report: DailyReport): void {
  const { backup, verified, cleanups, problems, outcome, durationMs } = report;
  if (backup !== undefined) {
    const { kind, archiveBytes, databases, targets } = backup;
    log.write('info', `backup ${backup.backup}`, {
      kind,
      archiveBytes,
      databases: databases.filter(isOk).length,
      targets: targets.filter(isOk).length,
    });
  }
  for (const {
    target,
    report: { ok, level, problems: found, durationMs: ms },
  } of verified)
    log.write(ok ? 'info' : 'error', `verified on ${target}`, {
      ok,
      verifyLevel: level,
      problems: found.length,
      durationMs: ms,
    });
  for (const {
    target,
    report: { removed, kept, freedBytes },
  } of cleanups)
    log.write('info', `cleaned up on ${target}`, { removed: removed.length, kept: kept.length, freedBytes });
  for (const { severity, subject, code, message, hint } of problems)
    log.write(severity === 'failure' ? 'error' : 'warning', `${subject}: ${message}`, { code, hint });
  log.write(
    outcome === 'failure' ? 'error' : outcome === 'warning' ? 'warning' : 'info',
    `ended: ${outcome}`,
    { durationMs },
  );
}
