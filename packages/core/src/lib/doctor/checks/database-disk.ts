import type { DatabaseFacts, DatabaseFileFacts } from '../probes/database-facts.ts';
import { failed, ok, size, type Verdict, warn } from '../check.ts';

/** A WAL grows to 16 MiB before DuckDB runs a checkpoint by itself, and the checkpoint writes about as much. */
const LEAST_BYTES = 64 * 1024 * 1024;

export function judgeDatabaseDisk(
  { path, disk }: Pick<DatabaseFacts, 'path' | 'disk'>,
  { sizeBytes }: Pick<DatabaseFileFacts, 'sizeBytes'>,
): Verdict {
  if (disk === undefined) return ok('this system does not tell how full it is');
  const { freeBytes } = disk;
  const hint = `make room on the disk of ${path}`;
  if (freeBytes === 0) return failed('its disk is full: DuckDB cannot write', hint);
  if (freeBytes < Math.max(LEAST_BYTES, sizeBytes / 20))
    return warn(`its disk has ${size(freeBytes)} free: DuckDB may soon not be able to write`, hint);
  return ok(`${size(freeBytes)} free`);
}
