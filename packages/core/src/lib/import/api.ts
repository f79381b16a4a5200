/** What an import takes, and what it tells. */
import type { BackupOptions, DatabaseSource, FailureReport, TargetReport } from '../api.ts';
import type { KeySource } from '../encryption/encryption.ts';

/**
 * What can be imported: an archive of OpenQuant, a folder that EXPORT DATABASE wrote, or a database file that was copied
 * with its sidecars.
 */
export type ImportKind = 'openquant' | 'export' | 'copy';

/** How backups are stored is as for any other; but an import is never what the next backup builds upon from memory. */
export interface ImportOptions extends Omit<BackupOptions, 'databases' | 'memoryDir'> {
  /** To know an earlier import again among encrypted backups. */
  readonly keys?: KeySource;
  /** Absolute path of a file or folder. */
  readonly path: string;
  /** Folder that relative original paths (OpenQuant's) are relative to. */
  readonly baseDir: string;
  /** Databases that are backed up here: a copy of the same name is taken for one of them. */
  readonly known?: readonly DatabaseSource[];
  /** When the backup counts as made, if the files' own times are wrong. Only for a single import. */
  readonly time?: Date;
  /** Absolute path of the database that copies and exports are of; its file name is the name in the backup. */
  readonly as?: string;
  /** Only say what would be done. Default: false. */
  readonly dryRun?: boolean;
}

export interface ImportedDatabase {
  readonly name: string;
  /** Where a restore puts it. */
  readonly path: string;
  readonly status: 'ok' | 'failed';
  /** Bytes as restored; with a dry run, as far as it is known without unpacking. */
  readonly sizeBytes?: number;
  /** What DuckDB read of it before it was stored. */
  readonly tables?: number;
  readonly rows?: number;
  readonly error?: FailureReport;
}

export interface ImportItem {
  /** Absolute path of what was imported. */
  readonly source: string;
  readonly kind: ImportKind;
  /**
   * - `imported`: there is a backup of it now (`planned`: there would be, if this were no dry run).
   * - `present`: it was imported before; nothing was written.
   * - `failed`: nothing of it was stored, or not on every target, or not every database.
   */
  readonly status: 'imported' | 'planned' | 'present' | 'failed';
  /** Name of the backup, if there is one. */
  readonly backup?: string;
  /** ISO 8601, UTC. */
  readonly createdAt?: string;
  readonly databases: readonly ImportedDatabase[];
  /** Bytes of the archive that was written. */
  readonly archiveBytes?: number;
  readonly targets: readonly TargetReport[];
  /** What was lost on the way here, or cannot be known. */
  readonly notes: readonly string[];
  readonly error?: FailureReport;
}

export interface ImportReport {
  /** Oldest first. */
  readonly imports: readonly ImportItem[];
  /** What lies in the folder and was left alone. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly dryRun: boolean;
  readonly durationMs: number;
}
