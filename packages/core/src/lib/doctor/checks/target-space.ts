import type { FolderFacts } from '../probes/target-facts.ts';
import { failed, ok, size, type Verdict, warn } from '../check.ts';

/** @param nextFullBytes How long the archive of the next full backup will be, about. */
export function judgeTargetSpace(
  { path, freeBytes }: Pick<FolderFacts, 'path' | 'freeBytes'>,
  nextFullBytes: number,
): Verdict {
  const message = `${path} has ${size(freeBytes)} free; the next full backup takes about ${size(nextFullBytes)}`;
  const hint = 'make room, or keep fewer backups: quackup cleanup --dry-run';
  if (freeBytes < nextFullBytes) return failed(message, hint);
  if (freeBytes < 2 * nextFullBytes) return warn(message, hint);
  return ok(message);
}
