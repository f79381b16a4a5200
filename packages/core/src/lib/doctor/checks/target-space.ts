import type { FolderFacts } from '../probes/target-facts.ts';
import { failed, ok, size, type Verdict, warn } from '../check.ts';

/** @param nextFullBytes How long the archive of the next full backup will be, about; 0 if no database can be read. */
export function judgeTargetSpace(
  { path, freeBytes }: Pick<FolderFacts, 'path' | 'freeBytes'>,
  nextFullBytes: number,
): Verdict {
  const free = `${path} has ${size(freeBytes)} free`;
  if (nextFullBytes === 0) return ok(free);
  const message = `${free}; the next full backup takes about ${size(nextFullBytes)}`;
  const hint = 'make room, or keep fewer backups: quackup cleanup --dry-run';
  if (freeBytes < nextFullBytes) return failed(message, hint);
  if (freeBytes < 2 * nextFullBytes) return warn(message, hint);
  return ok(message);
}
