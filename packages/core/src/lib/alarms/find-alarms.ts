import type { AlarmThresholds, BackupSummary, NamedTarget, ScannedDatabase } from '../api.ts';
import { compareScans, type DataAlarm } from './compare-scans.ts';
import { readScanRecord } from './scan-record.ts';

/** Runs, and so backups, are not a day apart to the second. */
const SLACK_MS = 3_600_000;

export interface ScannedBackup {
  readonly backup: string;
  readonly createdAt: Date;
  readonly databases: readonly ScannedDatabase[];
}

/**
 * Compares what a scan has just counted with what earlier scans on the same target counted.
 *
 * @param listed Backups of the target. Of those that were scanned, the newest that is older than this one counts, and for what
 *   does not grow the newest that is old enough; of a backup of the future nothing is known.
 */
export async function findAlarms(
  target: NamedTarget,
  now: ScannedBackup,
  {
    listed,
    thresholds,
    signal,
  }: {
    readonly listed: readonly BackupSummary[];
    readonly thresholds: AlarmThresholds;
    readonly signal: AbortSignal | undefined;
  },
): Promise<DataAlarm[]> {
  const { tableVanished = false, tableShrankPercent, notGrownForMs } = thresholds;
  if (!tableVanished && tableShrankPercent === undefined && notGrownForMs === undefined) return [];
  const nowMs = now.createdAt.getTime();
  const scanned = listed
    .filter(({ name, verified }) => name !== now.backup && verified?.level === 'scan')
    .filter(({ createdAt }) => Date.parse(createdAt) < nowMs)
    .toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const read = async (summary: BackupSummary | undefined): ReturnType<typeof readScanRecord> =>
    summary === undefined ? undefined : readScanRecord(target, summary, signal);
  const isOld = ({ createdAt }: BackupSummary): boolean =>
    nowMs - Date.parse(createdAt) >= Math.max(1, (notGrownForMs ?? Infinity) - SLACK_MS);
  return compareScans(
    now,
    { before: await read(scanned[0]), old: await read(scanned.find(isOld)) },
    thresholds,
  );
}
