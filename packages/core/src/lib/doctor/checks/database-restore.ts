import type { DatabaseFacts } from '../probes/database-facts.ts';
import { failed, ok, size, type Verdict, warn } from '../check.ts';

const HINT = 'run the restore again: it is finished or undone first, and says which';

export function judgeDatabaseRestore({ path, restore }: Pick<DatabaseFacts, 'path' | 'restore'>): Verdict {
  const { journal, leftovers, kept } = restore;
  if (journal === 'running') return warn('it is being restored now', 'wait until that is done');
  if (journal === 'unreadable' || (journal !== undefined && journal.phase === 'writing'))
    return warn(`a restore to ${path} was cut off while it was written; the database is as it was`, HINT);
  if (journal !== undefined)
    return failed(
      `a restore of ${journal.backup} to ${path} was cut off while the files were exchanged`,
      HINT,
    );
  if (leftovers.length > 0)
    return warn(`files of a restore are left without its journal: ${leftovers.join(', ')}`, 'remove them');
  if (kept.count === 0) return ok('no restore has left anything');
  return ok(`${kept.count} files that restores moved aside (.bak-*) take ${size(kept.bytes)}`);
}
