/**
 * Every error that Quackup itself raises. One line each: the code is stable, the sentence is what it means; `docs/errors/`
 * has a page for each (a test sees to that).
 */
export const ERROR_CODES = {
  // Usage and configuration
  USAGE: 'the command line is wrong',
  CONFIG_NOT_FOUND: 'the configuration file that was named does not exist',
  CONFIG_INVALID: 'the configuration does not say something that can be done',
  TARGET_NOT_INSTALLED: 'the package of a target is not installed',
  TARGET_INVALID: 'a package or file that was named as a target is none',
  NO_DATABASES: 'there is no database to back up',
  NAME_CONFLICT: 'two databases would have the same name in the backup',
  // Databases
  DATABASE_NOT_FOUND: 'a database file does not exist',
  DATABASE_UNREADABLE: 'a database file cannot be read',
  NOT_A_DATABASE: 'a file is not a DuckDB database',
  DATABASE_DAMAGED: 'a database file is damaged on disk',
  DATABASE_NOT_AT_REST: 'no consistent copy could be taken in the time given',
  WAL_IN_DOUBT: 'which WAL belongs to a database cannot be told, or it lies where it is not looked for',
  DATABASE_REPLACED: 'a database file was replaced while it was read',
  DATABASE_OPEN_HERE: 'this very process holds the database open',
  // Backups
  BACKUP_FAILED: 'no backup was made',
  BACKUP_NOT_FOUND: 'there is no backup of that name on the target',
  BACKUP_DAMAGED: 'what is stored is not what was written',
  COPY_CONFLICT:
    'the target that a backup is copied to has something else under a name that the backup needs',
  FORMAT_UNSUPPORTED: 'the backup was written by a newer version of Quackup',
  ARCHIVE_HOSTILE: 'an archive holds something that no backup holds',
  // Encryption and access
  KEY_UNAVAILABLE: 'a key or passphrase cannot be had from where the configuration says',
  KEY_REQUIRED: 'something encrypted must be read, and no key is at hand',
  KEY_WRONG: 'something encrypted must be read, and none of the keys at hand fits',
  PLAIN_REFUSED: 'something would be written in clear although the configuration asks for encryption',
  TARGET_ACCESS: 'the configuration says that the target does not allow what would be needed',
  // Restore
  TARGET_EXISTS: 'a file is in the way of a restore',
  DATABASE_IN_USE: 'a process holds the database that would be replaced',
  RESTORE_FAILED: 'a restore could not be finished',
  RESTORE_PENDING: 'an earlier restore was cut off and has to be finished or undone first',
  DATABASE_NOT_IN_BACKUP: 'the backup holds no database of that name',
  // Import
  IMPORT_NOTHING: 'there is nothing that can be imported',
  IMPORT_REFUSED: 'what was to be imported cannot be taken as a backup',
  // Working together
  LEASE_HELD: 'another quackup works on the target',
  LEASE_LOST: 'the lease on the target ran out while it was needed',
  // Left alone
  HOOK_FAILED: 'a command that the configuration names failed',
  STATE_FAILED: 'what Quackup remembers on this machine cannot be read or written',
  DATA_ALARM: 'the data changed in a way that the configuration asks to be told of',
  // Place and time
  NO_SPACE: 'there is not enough free space',
  TARGET_FAILED: 'a target failed',
  // Schedules
  SCHEDULE_NOT_EXPRESSIBLE: 'a scheduler cannot say this, another one can',
  SCHEDULE_NOT_OURS: 'a scheduler has something else under the name that is needed',
  SCHEDULE_FAILED: 'a scheduler is not there, or refused',
  LISTEN_FAILED: 'the daemon cannot listen where it should',
  SCAN_FAILED: 'the scanning process could not do its work',
  SNAPSHOT_FAILED: 'the process that takes a snapshot could not do its work',
  INTERRUPTED: 'the run was interrupted',
  INTERNAL: 'something that cannot happen has happened',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Process exit codes: see product documentation. Kept beside the codes so that no command invents its own. */
export const EXIT = { ok: 0, failed: 1, usage: 2, damaged: 3, leaseHeld: 4, interrupted: 130 } as const;

const EXIT_BY_CODE: Partial<Record<ErrorCode, number>> = {
  USAGE: EXIT.usage,
  CONFIG_NOT_FOUND: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  TARGET_NOT_INSTALLED: EXIT.usage,
  TARGET_INVALID: EXIT.usage,
  NAME_CONFLICT: EXIT.usage,
  KEY_UNAVAILABLE: EXIT.usage,
  SCHEDULE_NOT_EXPRESSIBLE: EXIT.usage,
  KEY_REQUIRED: EXIT.usage,
  KEY_WRONG: EXIT.usage,
  PLAIN_REFUSED: EXIT.usage,
  TARGET_ACCESS: EXIT.usage,
  BACKUP_DAMAGED: EXIT.damaged,
  ARCHIVE_HOSTILE: EXIT.damaged,
  LEASE_HELD: EXIT.leaseHeld,
  INTERRUPTED: EXIT.interrupted,
};

export interface QuackupErrorOptions {
  /** What the user can try, as an imperative without a full stop; printed after `try: `. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An error that was foreseen: it names the thing, says what state things are in, and what to try. */
export class QuackupError extends Error {
  override readonly name = 'QuackupError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: QuackupErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** Exit code of a command that ends with this error. */
  get exitCode(): number {
    return EXIT_BY_CODE[this.code] ?? EXIT.failed;
  }
}
