import type { BackupReport, DatabaseReport, TargetReport } from '../api.ts';
import { failureReport } from '../failure-report.ts';
import type { BackupRun } from './backup-run.ts';
import type { UnlistedBackup } from './write-archive.ts';

/** What was done, with the databases and targets that failed. */
export function reportBackup(run: BackupRun, written: UnlistedBackup, durationMs: number): BackupReport {
  const { options, source, reservation } = run;
  const { kind, fullReason, stored } = written;
  return {
    backup: reservation.name,
    kind,
    encrypted: options.encryption !== undefined,
    ...(fullReason !== undefined && { fullReason }),
    createdAt: source.createdAt.toISOString(),
    databases: databaseReports(run, written),
    targets: options.targets.map(({ name }): TargetReport => {
      const error = reservation.failed.get(name);
      return error === undefined
        ? { name, status: 'ok' }
        : { name, status: 'failed', error: failureReport(error) };
    }),
    archiveBytes: Math.max(
      0,
      ...[...stored.values()].map(({ sizeBytes, header }) => sizeBytes + (header?.sizeBytes ?? 0)),
    ),
    durationMs,
  };
}

function databaseReports(
  { options, failed }: BackupRun,
  { entries, reusedBytes }: UnlistedBackup,
): DatabaseReport[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return options.databases.map(({ name, path }) => {
    const entry = byName.get(name);
    if (entry === undefined) return { name, path, status: 'failed', error: failureReport(failed.get(name)) };
    const { method, sizeBytes, storedBytes, takenAt, warnings } = entry;
    return {
      name,
      path,
      status: 'ok',
      method,
      sizeBytes,
      storedBytes,
      reusedBytes: reusedBytes.get(name) ?? 0,
      takenAt,
      ...(warnings ? { warnings } : {}),
    };
  });
}
