/**
 * What goes into the operations of core and what comes out. Reports are plain data: the CLI prints them as they are
 * with `--json`, so every name here is part of the stable interface.
 */
import type { StorageTarget } from '@quackup/target-api';

import type { Encryption, KeySource } from './encryption/encryption.ts';
import type { OnProgress } from './progress.ts';

export interface Compression {
  readonly algorithm: 'zstd' | 'gzip' | 'none';
  /** zstd 1 to 22, gzip 1 to 9; absent for none. */
  readonly level?: number;
}

/** A database to back up. */
export interface DatabaseSource {
  /** Its name in the backup, unique within it; the file's name unless the configuration gives an alias. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly path: string;
}

/**
 * What may be done at a target.
 *
 * - `full`: everything.
 * - `append-only`: objects may be put, read and listed, but neither replaced nor deleted.
 * - `write-only`: new objects may be put; nothing else.
 */
export type TargetAccess = 'full' | 'append-only' | 'write-only';

/** A target with the name that the configuration gives it. */
export interface NamedTarget {
  readonly name: string;
  readonly target: StorageTarget;
  readonly limits?: TargetLimits;
  /** Texts that must not show in any error of the target. */
  readonly secrets?: readonly string[];
  /** Default: full. */
  readonly access?: TargetAccess;
  /** Whether archives and manifests that are not encrypted are refused, whoever would write them. Default: false. */
  readonly encryptedOnly?: boolean;
}

/** How much patience a target gets, and how much it is asked to bear. */
export interface TargetLimits {
  /** How long a call that carries data may go without any progress, in milliseconds. Default: 300,000. */
  readonly stallMs?: number;
  /** How long the answer to one question may take (a stat, a delete, a page of a list), in milliseconds. Default: 120,000. */
  readonly requestMs?: number;
  /** How often in a row a call may fail with a retryable error, the first time included. Default: 4. */
  readonly attempts?: number;
  /** The longest pause after the first failure in milliseconds; each further one may be twice as long. Default: 500. */
  readonly retryMs?: number;
  /** How many further tries all calls to the target have together, while few of them succeed. Default: 50. */
  readonly retryBudget?: number;
  /** Requests under way at a time where many are to be made. Default: 6 ranges of an archive, 16 manifests. */
  readonly concurrency?: number;
  /** Bytes in a second that are sent to the target, on average. Default: as many as can be. */
  readonly maxUploadRate?: number;
}

/** Time and randomness come from here, so that tests can hold them. */
export interface Clock {
  now(): Date;
}

interface OperationOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly clock?: Clock;
}

/** How a consistent state was reached: see docs/hot-copy.md. */
export type SnapshotMethod = 'at-rest' | 'hot' | 'quiet';

/** How long one database may take to come to rest unless something else is asked for, milliseconds. */
export const DEFAULT_WAIT_MS = 120_000;

/** When a full backup is made unless something else is asked for: when the oldest archive referred to is so old, milliseconds. */
export const DEFAULT_FULL_EVERY_MS: number = 30 * 86_400_000;

/** The longest that a writer may be asked to be stopped for, milliseconds. */
export const MAX_PAUSE_WRITER_MS = 5_000;

export interface BackupOptions extends OperationOptions {
  readonly databases: readonly DatabaseSource[];
  readonly targets: readonly NamedTarget[];
  /** Default: zstd level 3. */
  readonly compression?: Compression;
  /** Store everything, whatever could be reused. Default: false, only what changed since the last backup on each target. */
  readonly full?: boolean;
  /** Make a full backup when the oldest archive that this one would refer to is so old, in milliseconds. Default: 30 days. */
  readonly fullEveryMs?: number;
  /** How long one database may take to come to rest, in milliseconds. Default: 120,000. */
  readonly waitMs?: number;
  /**
   * Stop the process that writes a database for at most this many milliseconds at a time, if no copy comes to rest
   * without. Default: never. Linux and macOS.
   */
  readonly pauseWriterMs?: number;
  /** All databases of the backup are of one moment; if there is none in time, none of them is backed up. Default: false. */
  readonly sameMoment?: boolean;
  /**
   * Keep this whole process off one processor from when a database turns out to be in use until the backup has ended, so that the
   * application that uses it is hindered less. For a process that does nothing else. Linux, where there is `taskset`;
   * nothing changes elsewhere. Default: false.
   */
  readonly leaveCpu?: boolean;
  /** Folder for frozen copies of databases that are being written. Default: the system's temporary folder. */
  readonly tempDir?: string;
  /** Who can read the backup. Default: everyone, it is plain. */
  readonly encryption?: Encryption;
  /**
   * A folder for what an incremental backup must know of the last one where that cannot be read again: an encrypted one, or on
   * a target that can only be written. It is private to the user. Default: nothing is remembered, and such a backup is full.
   */
  readonly memoryDir?: string;
}

export type BackupKind = 'full' | 'incremental';

export interface FailureReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface DatabaseReport {
  readonly name: string;
  readonly path: string;
  readonly status: 'ok' | 'failed';
  readonly method?: SnapshotMethod;
  /** Bytes of the database as a restore writes it, WAL included. */
  readonly sizeBytes?: number;
  /** Bytes that it takes in this archive. */
  readonly storedBytes?: number;
  /** Bytes of it that lie in earlier archives, before compression; 0 in a full backup. */
  readonly reusedBytes?: number;
  /** When the snapshot's state was the database's state. ISO 8601, UTC. */
  readonly takenAt?: string;
  readonly warnings?: readonly string[];
  readonly error?: FailureReport;
}

export interface TargetReport {
  readonly name: string;
  readonly status: 'ok' | 'failed';
  readonly error?: FailureReport;
}

export interface BackupReport {
  readonly backup: string;
  readonly kind: BackupKind;
  readonly encrypted: boolean;
  /** Why nothing of earlier backups was reused, if that was not asked for. */
  readonly fullReason?: string;
  /** ISO 8601, UTC: when the backup began. */
  readonly createdAt: string;
  readonly databases: readonly DatabaseReport[];
  readonly targets: readonly TargetReport[];
  /** Length of the archive in bytes. */
  readonly archiveBytes: number;
  readonly durationMs: number;
}

/** Which tool wrote a backup: ours, or OpenQuant, whose archives are read as they are. */
export type BackupOrigin = 'quackup' | 'openquant';

export interface BackupSummary {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly kind: BackupKind;
  readonly origin: BackupOrigin;
  readonly encrypted: boolean;
  /** Fingerprints of the keys that it is encrypted for; none if it is plain. */
  readonly recipients: readonly string[];
  /** Names of the databases in it. None for an encrypted backup: they are told only to who has a key. */
  readonly databases: readonly string[];
  /** Bytes that a restore writes; for OpenQuant archives as their metadata say. */
  readonly sizeBytes: number;
  /** Length of the archive. */
  readonly storedBytes: number;
  /** Earlier archives that it needs, by key. */
  readonly dependsOn: readonly string[];
  /** Those archives and its own, as far as they are there, with their lengths. */
  readonly archives: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Bytes of archives that nothing else needs: what would be free if this backup alone were removed. */
  readonly freesBytes: number;
  /** Name of the target it is on. */
  readonly target: string;
  /** The last scan that passed, or null. */
  readonly verified: { readonly at: string; readonly level: VerifyLevel } | null;
  /** Databases that failed in that run are not in the backup. None is named of an encrypted one. */
  readonly failedDatabases: readonly string[];
  /** How many they are. */
  readonly failedCount: number;
  /**
   * Set if the manifest cannot be used, or an archive is not as long as it must be, or a verification found damage; such a backup
   * is shown, never hidden, and never counted as complete.
   */
  readonly damaged?: FailureReport;
  /** Set if an earlier archive that it needs was found damaged when another backup was verified: whether that hurts it, a scan tells. */
  readonly suspect?: FailureReport;
}

export type VerifyLevel = 'archive' | 'blocks' | 'scan';

export interface VerifyProblem {
  readonly code: string;
  /** The object it was found in. */
  readonly object: string;
  readonly database?: string;
  readonly message: string;
  /** What to try, where something helps that not every damage is helped by. */
  readonly hint?: string;
}

export interface VerifyReport {
  readonly backup: string;
  readonly ok: boolean;
  readonly level: VerifyLevel;
  readonly problems: readonly VerifyProblem[];
  /** What could not be checked, and why: an encrypted database's block checksums, for one. */
  readonly notes: readonly string[];
  readonly durationMs: number;
  /** With level `scan`: what was counted. */
  readonly databases?: readonly ScannedDatabase[];
}

export interface ScannedDatabase {
  readonly name: string;
  readonly tables: readonly {
    readonly schema: string;
    readonly table: string;
    readonly rows: number;
    /** Hash of all rows, whatever their order. Comparable only for the same `engine`. */
    readonly contentHash: string;
    /** Blocks that hold it, in bytes; absent if DuckDB does not say. */
    readonly sizeBytes?: number;
  }[];
  /** Version of the DuckDB that scanned. */
  readonly engine: string;
}

/** When changes of the data are worth a warning. What is absent never is. */
export interface AlarmThresholds {
  /** A table that was there is gone. */
  readonly tableVanished?: boolean;
  /** A table lost more than this share of its rows or of its size, percent. */
  readonly tableShrankPercent?: number;
  /** A database has no more rows than so long ago, milliseconds. */
  readonly notGrownForMs?: number;
}

export interface VerifyOptions extends OperationOptions {
  readonly level: VerifyLevel;
  /** For encrypted backups. Without one they can be verified at level `archive` only, and there no more than their bytes. */
  readonly keys?: KeySource;
  /** Folder for the scratch restore of a scan. Default: the system's temporary folder. */
  readonly tempDir?: string;
  /**
   * What earlier archives of this target were found to be what was recorded, for verifications that follow one another: level
   * `archive` reads none of them again, and adds those that it has read.
   */
  readonly proven?: Set<string>;
}

export interface RestoreOptions extends OperationOptions {
  /** For encrypted backups. */
  readonly keys?: KeySource;
  /** Only this database. Default: all. */
  readonly database?: string;
  /** Folder to restore into. Default: where each database came from. */
  readonly restoreDir?: string;
  /** Folder that relative original paths (OpenQuant's) are relative to. */
  readonly baseDir?: string;
  /** Replace what is there, after moving it aside. Default: refuse. */
  readonly overwrite?: boolean;
  /** Only say what would be done. */
  readonly dryRun?: boolean;
}

export interface RestoreReport {
  readonly backup: string;
  readonly restored: readonly { readonly name: string; readonly path: string; readonly sizeBytes: number }[];
  /** Where the files that were in the way are now. */
  readonly movedAside: readonly string[];
  /** Databases that could not be restored; the others were. */
  readonly failed: readonly { readonly name: string; readonly path: string; readonly error: FailureReport }[];
  /** Earlier restores that had been cut off: what was found and done about it. */
  readonly recovered: readonly string[];
  /** What is not in the backup, and what of a replaced file could not be kept. */
  readonly warnings: readonly string[];
  readonly dryRun: boolean;
  readonly durationMs: number;
}

/** Keep-rules add up: a backup stays if any of them keeps it. */
export interface RetentionPolicy {
  /** Everything younger than this many days. */
  readonly keepDays?: number;
  /** The newest complete backups that stay whatever the other rules say. A floor, not a rule of its own. */
  readonly minCount?: number;
  readonly keepLast?: number;
  readonly keepHourly?: number;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
}

export interface CleanupReport {
  readonly kept: readonly { readonly name: string; readonly reasons: readonly string[] }[];
  readonly removed: readonly { readonly name: string; readonly reason: string }[];
  /** Objects of unfinished backups and of no backup at all that were removed. */
  readonly leftovers: readonly string[];
  /** Bytes that were freed, or would be. */
  readonly freedBytes: number;
  readonly dryRun: boolean;
}

export interface CleanupOptions extends OperationOptions {
  readonly policy: RetentionPolicy;
  readonly dryRun?: boolean;
}

export interface TargetCheckReport {
  readonly target: string;
  readonly displayName: string;
  /** By the configuration. What it does not allow was not tried. */
  readonly access: TargetAccess;
  readonly ok: boolean;
  readonly steps: readonly { readonly step: string; readonly ok: boolean; readonly message?: string }[];
  /** Uploads that were begun and not finished, those under way among them; null where there is nothing like that. */
  readonly unfinishedUploads: {
    readonly count: number;
    /** More than a day old; times as ISO 8601, UTC. */
    readonly old: readonly { readonly key: string; readonly initiatedAt: string }[];
  } | null;
  readonly capabilities: {
    readonly putIfAbsent: boolean;
    readonly putIfMatch: boolean;
    readonly maxObjectSize: number | null;
  };
}
