import type { DailyReport, VerifyLevel } from '@quackup/core';

interface PartRecord {
  readonly name: string;
  readonly ok: boolean;
}

export interface TargetRecord extends PartRecord {
  /** The newest complete backup when the target could last be read; null if it had none, or never could. */
  readonly lastGood: string | null;
  /** ISO 8601, UTC. */
  readonly lastGoodAt: string | null;
  readonly backups: number;
  /** Length of their archives. */
  readonly storedBytes: number;
  /** When a scan there last passed: ISO 8601, UTC. */
  readonly scannedAt: string | null;
}

/** A run of `daily`, as much as monitoring needs of it. */
export interface RunRecord {
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: DailyReport['outcome'];
  readonly backup: string | null;
  readonly kind: 'full' | 'incremental' | null;
  /** Size of the databases that were read. */
  readonly readBytes: number;
  /** Length of the archive. */
  readonly storedBytes: number;
  /** What lies in earlier archives, before compression. */
  readonly reusedBytes: number;
  readonly databases: readonly PartRecord[];
  readonly targets: readonly TargetRecord[];
  readonly verified: readonly {
    readonly target: string;
    readonly level: VerifyLevel;
    readonly ok: boolean;
    readonly problems: number;
    readonly durationMs: number;
  }[];
  readonly problems: readonly {
    readonly severity: 'failure' | 'warning';
    readonly subject: string;
    readonly code: string;
    readonly message: string;
  }[];
}

/** What is remembered of all runs of a configuration on this machine. */
export interface RunHistory {
  readonly version: 1;
  /** How many ended so, since the history began. */
  readonly runs: Readonly<Record<RunRecord['outcome'], number>>;
  /** When the last run that did not fail ended: ISO 8601, UTC. */
  readonly lastSuccessAt: string | null;
  /** How often each channel of the notifications could not be reached. */
  readonly notifierFailures: Readonly<Record<string, number>>;
  readonly last: RunRecord | null;
}

export const NO_HISTORY: RunHistory = {
  version: 1,
  runs: { success: 0, warning: 0, failure: 0 },
  lastSuccessAt: null,
  notifierFailures: {},
  last: null,
};
