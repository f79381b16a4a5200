import { type BackupSummary, isComplete } from '@quackup/core';

/** Databases that have the same newest good backup. */
export interface Protection {
  readonly databases: readonly string[];
  /** Undefined: none has them. */
  readonly backup: BackupSummary | undefined;
}

/**
 * The newest good backup of each database, from the worst protected ones to the best. An encrypted backup, whose databases only
 * a key names, counts for all of them if none failed in its run; so does any backup where it is not known which databases
 * there should be.
 *
 * @param backups Newest first.
 */
export function newestOfEach(
  backups: readonly BackupSummary[],
  databases: readonly string[],
): readonly [Protection, ...Protection[]] {
  if (databases.length === 0) return [{ databases, backup: backups.find(isComplete) }];
  const byBackup = Map.groupBy(databases, (name) => backups.find((backup) => holds(backup, name)));
  const [first, ...others] = [...byBackup]
    .map(([backup, names]) => ({ databases: names, backup }))
    .toSorted((a, b) => createdAt(a) - createdAt(b));
  return first === undefined ? [{ databases, backup: undefined }] : [first, ...others];
}

function holds(backup: BackupSummary, database: string): boolean {
  if (backup.encrypted && backup.databases.length === 0) return isComplete(backup);
  // That another one failed in its run is nothing against it.
  return isComplete({ ...backup, failedCount: 0 }) && backup.databases.includes(database);
}

const createdAt = ({ backup }: Protection): number =>
  backup === undefined ? -Infinity : Date.parse(backup.createdAt);
