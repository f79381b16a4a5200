import type { TempFacts } from '../probes/temp-facts.ts';
import { failed, ok, size, type Verdict, warn } from '../check.ts';

export interface TempNeeds {
  /** Bytes of the copies that a backup freezes of databases that are in use now. */
  readonly frozenBytes: number;
  /** Bytes of the largest database, which a scan restores. */
  readonly scanBytes: number;
}

export function judgeTempFolder(
  { path, problem, freeBytes }: Pick<TempFacts, 'path' | 'problem' | 'freeBytes'>,
  { frozenBytes, scanBytes }: TempNeeds,
): Verdict {
  const hint = 'set backup.tempDir in quackup.yaml, or TMPDIR, to a folder with more room';
  if (problem !== undefined) return failed(`nothing can be written to ${path}: ${problem}`, hint);
  if (freeBytes === undefined) return ok(`${path} can be written`);
  const free = `${path} has ${size(freeBytes)} free`;
  if (freeBytes < frozenBytes) {
    return failed(`${free}; a backup of what is in use now takes ${size(frozenBytes)}`, hint);
  }
  if (freeBytes < scanBytes)
    return warn(`${free}; a backup that is verified by a scan takes ${size(scanBytes)}`, hint);
  return ok(free);
}

export function judgeTempLeftovers({ stale }: Pick<TempFacts, 'stale'>): Verdict {
  if (stale.length === 0) return ok('no run has left temporary files');
  return warn(`left by runs that were killed: ${stale.join(', ')}`, 'the next backup removes them');
}
