/** The parts that the manifest, the index and the metadata share. Strict: a key that we do not know is an error. */
import { z } from 'zod';

/** Version of the format. A backup with a higher one is refused; every later version of Quackup reads this one. */
export const FORMAT_VERSION = 1;

/** Chunks are blocks of the database's own grid: 16 KiB to 256 KiB. */
export const MAX_CHUNK_BYTES = 262_144;

/** Items of any list; a manifest has no room for more. */
const MAX_ITEMS = 65_536;

/** A list that is counted before its items are looked at: a million wrong ones take gigabytes to complain about. */
export function listOf<Item extends z.ZodType>(
  item: Item,
): z.ZodPipe<z.ZodArray<z.ZodUnknown>, z.ZodArray<Item>> {
  return z.array(z.unknown()).max(MAX_ITEMS).pipe(z.array(item));
}

export const isNotEmpty = (list: readonly unknown[]): boolean => list.length > 0;

/** What is wrong with data from outside, in one line: the first few things. */
export function describeIssues({ issues }: z.ZodError): string {
  const first = issues.slice(0, 3).map(({ path, message }) => `${path.join('.')}: ${message.slice(0, 200)}`);
  return [...first, ...(issues.length > 3 ? [`and ${issues.length - 3} more`] : [])].join('; ');
}

const safeInteger = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const timestamp = z.iso.datetime();
const archiveName = z.string().regex(/^backup_[A-Za-z0-9._=-]{1,200}$/);

/** A file of a database in a backup: `database` is `X`, the others are its sidecars. */
export const fileRole = z.enum(['database', 'wal', 'wal.checkpoint', 'wal.recovery']);
export type FileRole = z.infer<typeof fileRole>;

export const compressionSchema = z.strictObject({
  algorithm: z.enum(['zstd', 'gzip', 'none']),
  level: z.int().min(1).max(22).optional(),
});

/** An archive that an index refers to. */
export const archiveReference = z.strictObject({
  name: archiveName,
  sizeBytes: safeInteger,
  sha256,
});

export type ArchiveReference = z.infer<typeof archiveReference>;

/** One database of a backup. */
export const databaseEntry = z.strictObject({
  name: z.string().min(1).max(255),
  /** Absolute path of the original. */
  path: z.string().min(1).max(4096),
  method: z.enum(['at-rest', 'hot', 'quiet']),
  takenAt: timestamp,
  /** Bytes that a restore writes, sidecars included. */
  sizeBytes: safeInteger,
  /** Bytes that its chunks take in this archive. */
  storedBytes: safeInteger,
  /** Permission bits of the original. */
  mode: z.int().min(0).max(0o777),
  storageVersion: safeInteger,
  /** Version of the DuckDB that created the file. */
  createdBy: z.string().max(64),
  /** `clear`: every used block can be checked; otherwise nothing but our own hashes can be. */
  layout: z.enum(['clear', 'encrypted', 'newer-storage-version']),
  /** Iteration of the active header; absent if it cannot be read. */
  iteration: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional(),
  /** Whole commits in the WAL; absent if it cannot be read. */
  walCommits: safeInteger.optional(),
  warnings: listOf(z.string()).optional(),
});
export type DatabaseEntry = z.infer<typeof databaseEntry>;

export const failedDatabase = z.strictObject({
  name: z.string(),
  path: z.string(),
  code: z.string(),
  message: z.string(),
});

export const fields = { safeInteger, sha256, timestamp, archiveName };
