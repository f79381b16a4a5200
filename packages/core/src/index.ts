/**
 * Backups of DuckDB databases: consistent snapshots, archives, restore, verification and retention, on any place that
 * implements the contract of `@quackup/target-api`. Knows no vendor; `quackup` (apps/cli) puts the pieces together.
 *
 * @module
 */
export type {
  AlarmThresholds,
  BackupKind,
  BackupOptions,
  BackupOrigin,
  BackupReport,
  BackupSummary,
  CleanupOptions,
  CleanupReport,
  Clock,
  Compression,
  DatabaseReport,
  DatabaseSource,
  FailureReport,
  NamedTarget,
  RestoreOptions,
  RestoreReport,
  RetentionPolicy,
  ScannedDatabase,
  SnapshotMethod,
  TargetAccess,
  TargetCheckReport,
  TargetLimits,
  TargetReport,
  VerifyLevel,
  VerifyOptions,
  VerifyProblem,
  VerifyReport,
} from './lib/api.ts';
export { MAX_PAUSE_WRITER_MS } from './lib/api.ts';
export { createBackup } from './lib/backup/create-backup.ts';
export { cleanupBackups } from './lib/cleanup/cleanup-backups.ts';
export * from './lib/config/index.ts';
export type { Encryption, KeySource } from './lib/encryption/encryption.ts';
export { type CopyOptions, type CopyReport, copyBackup } from './lib/copy/copy-backup.ts';
export type { DailyOptions, DailyProblem, DailyReport } from './lib/daily/api.ts';
export { runDaily } from './lib/daily/run-daily.ts';
export type { CheckName, DoctorCheck } from './lib/doctor/check.ts';
export type { DoctorTarget, FolderFacts } from './lib/doctor/probes/target-facts.ts';
export { type DoctorOptions, runDoctor } from './lib/doctor/run-doctor.ts';
export { ERROR_CODES, type ErrorCode, EXIT, QuackupError, type QuackupErrorOptions } from './lib/errors.ts';
export { type Manifest } from './lib/format/manifest.ts';
export { type KeyIo, readPassphrase, readSecret } from './lib/keys/read-secret.ts';
export { keySourceOf, resolveIdentities } from './lib/keys/resolve-identities.ts';
export { resolveRecipients } from './lib/keys/resolve-recipients.ts';
export { type BackupDescription, describeBackup } from './lib/list/describe-backup.ts';
export { resolveBackupName, type ResolveOptions } from './lib/list/resolve-backup-name.ts';
export type {
  ImportedDatabase,
  ImportItem,
  ImportKind,
  ImportOptions,
  ImportReport,
} from './lib/import/api.ts';
export { importBackups } from './lib/import/import-backups.ts';
export { listBackups } from './lib/list/list-backups.ts';
export { storedBytesOf } from './lib/list/stored-bytes.ts';
export { acquireProcessLock } from './lib/process/process-lock.ts';
export type { OnProgress, ProgressEvent } from './lib/progress.ts';
export { type RekeyOptions, type RekeyReport, rekeyTarget } from './lib/rekey/rekey-target.ts';
export { type RepairOptions, type RepairReport, repairTarget } from './lib/repair/repair-target.ts';
export { restoreBackup } from './lib/restore/restore-backup.ts';
export * from './lib/retention/index.ts';
export type { SqlConnection } from './lib/snapshot/hold-checkpoints.ts';
export { snapshot, type TakenSnapshot, type TakeSnapshotOptions } from './lib/snapshot/take-snapshot.ts';
export { checkTarget } from './lib/target/check-target.ts';
export { verifyBackup } from './lib/verify/verify-backup.ts';
export { VERSION } from './lib/version.ts';
