/** One thing that was looked at. `name` and `status` are stable, the rest is for people. No two have the same name and subject. */
export interface DoctorCheck {
  readonly name: CheckName;
  /** The database, target or folder that it is about. */
  readonly subject?: string;
  readonly status: 'OK' | 'WARN' | 'FAILED';
  readonly message: string;
  /** What to try. */
  readonly hint?: string;
}

/** Every check that there is, and what it asks; docs/guides/doctor.md has a line for each (a test sees to that). */
export const CHECK_NAMES = {
  config: 'the configuration can be read and says something possible',
  engine: 'DuckDB itself runs here, for verification',
  databases: 'there are databases, and each pattern matches one',
  'database-file': 'the file can be read, is a DuckDB database, and its head, free list and length are right',
  'database-names': 'it has one name, beside which its WAL lies',
  'database-version': 'this version of DuckDB reads it',
  'database-wal': 'the WAL is there, can be read, and belongs to the database',
  'database-sidecars': 'no crash has left parts of a checkpoint or a recovery',
  'database-restore': 'no restore has been cut off',
  'database-lock': 'who has it open',
  'database-disk': 'its disk has room for DuckDB to go on',
  'temp-folder': 'temporary files can be written, and the largest that are needed fit',
  'temp-leftovers': 'no run that was killed has left temporary files',
  'target-reachable': 'the target answers, and can be written and read',
  'target-permissions': 'objects can be listed and deleted, and are not replaced when they must not be',
  'target-clock': 'its clock and the one here agree',
  'target-space': 'its disk has room for a full backup',
  'target-leftovers': 'nothing unfinished of more than a day ago lies there',
  'target-leases': 'no run that is over still holds a lease',
  'backup-age': 'the last good backup is young enough',
  'backup-content': 'the newest backup holds every database',
  'backup-damage': 'every backup that is listed is whole',
  'backup-verified': 'a backup has been restored and read lately',
  'backup-retention': 'the next cleanup leaves more than one backup',
  retention: 'the rules keep more than one backup',
  notifications: 'the channels are usable, and their secrets are there',
} as const;

export type CheckName = keyof typeof CHECK_NAMES;

type Verdict = Pick<DoctorCheck, 'status' | 'message' | 'hint'>;

export const ok = (message: string): Verdict => ({ status: 'OK', message });
export const warn = (message: string, hint: string): Verdict => ({ status: 'WARN', message, hint });
export const failed = (message: string, hint: string): Verdict => ({ status: 'FAILED', message, hint });

/** A verdict with the name of its check and what it is about. */
export function check(name: CheckName, subject: string | undefined, verdict: Verdict): DoctorCheck {
  return { name, ...(subject !== undefined && { subject }), ...verdict };
}

export type { Verdict };

/** `1.2 GiB`, for messages. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** `3 days`, `26 hours`, `5 minutes`, for messages. */
export function span(ms: number): string {
  const [amount, unit] =
    ms >= 96 * 3_600_000
      ? [ms / 86_400_000, 'day']
      : ms >= 5_400_000
        ? [ms / 3_600_000, 'hour']
        : ms >= 120_000
          ? [ms / 60_000, 'minute']
          : [ms / 1000, 'second'];
  const rounded = Math.round(amount);
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}
