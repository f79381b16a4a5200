import type { ImportKind } from './api.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { FingerprintedFile } from './fingerprint.ts';

/** A database that is to be imported. */
export interface PlannedDatabase {
  readonly name: string;
  /** Absolute: where a restore will put it. */
  readonly path: string;
  /** As far as it is known without unpacking. */
  readonly sizeBytes?: number;
}

/** Where a database's files are now, or why there are none. */
export type UnpackedDatabase = { readonly path: string } | { readonly error: unknown };

/** What is known of a candidate before anything is unpacked. */
export interface OpenedImport {
  readonly kind: ImportKind;
  /** Absolute. */
  readonly source: string;
  readonly createdAt: Date;
  readonly databases: readonly PlannedDatabase[];
  /** All that is imported: it is known again by these. */
  readonly files: readonly FingerprintedFile[];
  /** What people should know of backups of this kind. */
  readonly notes: readonly string[];
  /**
   * Brings the databases into files that can be read, by their names.
   *
   * @throws whatever is wrong with all of it.
   */
  unpack(scratch: ScratchFolder, options: UnpackOptions): Promise<UnpackResult>;
}

export interface UnpackOptions {
  readonly signal?: AbortSignal | undefined;
  /** Time for the files that are made: one of long ago, so that nobody waits for them to come to rest. */
  readonly modifiedAt: Date;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface UnpackResult {
  readonly databases: ReadonlyMap<string, UnpackedDatabase>;
  /** What was found on the way. */
  readonly notes: readonly string[];
}
