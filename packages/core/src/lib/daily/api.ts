import type {
  AlarmThresholds,
  BackupOptions,
  BackupReport,
  CleanupReport,
  FailureReport,
  RetentionPolicy,
  VerifyLevel,
  VerifyReport,
} from '../api.ts';
import type { KeySource } from '../encryption/encryption.ts';

export interface DailyOptions extends BackupOptions {
  readonly policy: RetentionPolicy;
  /** For encrypted backups. Without one they are verified at level `archive`, and never scanned. */
  readonly keys?: KeySource;
  /** Default: blocks. */
  readonly verifyLevel?: VerifyLevel;
  /** How old the last scan on a target may be until one is made instead, in milliseconds. Default: 7 days. */
  readonly scanEveryMs?: number;
  /** What to warn of when a scan of this run has counted the rows. Default: nothing. */
  readonly alarms?: AlarmThresholds;
}

/** Something that went wrong, or that somebody should know. */
export interface DailyProblem extends FailureReport {
  readonly severity: 'failure' | 'warning';
  /** What it is about: `database NAME`, `target NAME`, `verification on NAME`, ... Stable from run to run. */
  readonly subject: string;
  /** Something that happened in this run, not a state that lasts. */
  readonly momentary?: boolean;
}

export interface DailyReport {
  readonly outcome: 'success' | 'warning' | 'failure';
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Absent if no backup was made. */
  readonly backup?: BackupReport;
  readonly verified: readonly { readonly target: string; readonly report: VerifyReport }[];
  readonly cleanups: readonly { readonly target: string; readonly report: CleanupReport }[];
  readonly problems: readonly DailyProblem[];
  /** What the access to a target does not allow, and is therefore left to another machine. */
  readonly deferred: readonly { readonly target: string; readonly what: 'verification' | 'cleanup' }[];
  /** The newest complete backup that each target that could be read has now, null if it has none. */
  readonly lastGood: readonly {
    readonly target: string;
    readonly backup: string | null;
    /** ISO 8601, UTC. */
    readonly createdAt: string | null;
    /** How many backups it has, and the bytes that their archives take; where nothing can be read, those of this run. */
    readonly backups: number;
    readonly storedBytes: number;
    /** When the last scan of one of them passed, ISO 8601, UTC; null if none ever did. */
    readonly scannedAt: string | null;
  }[];
}
