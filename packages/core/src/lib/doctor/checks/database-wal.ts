import type { DatabaseFacts, DatabaseFileFacts } from '../probes/database-facts.ts';
import { isUnreadable, walFitsHead } from '../../snapshot/rules.ts';
import { failed, ok, size, span, type Verdict, warn } from '../check.ts';

/** How much older than its database a WAL may be that goes with it: bulk inserts write to the database first. */
const OLDER_MS = 10 * 60_000;

/** Without the key, and for newer versions, only its presence can be told. */
export function judgeDatabaseWal(
  facts: DatabaseFacts,
  { head, wal, modifiedMs }: DatabaseFileFacts,
): Verdict {
  const { holders, walRemovedUnder, sidecars, walPath } = facts;
  if (walRemovedUnder !== undefined) {
    return failed(
      `${walPath} was removed while process ${walRemovedUnder} writes to it: everything since the last checkpoint will be lost when it ends`,
      'run CHECKPOINT in that process now',
    );
  }
  if ('error' in wal) return failed(`the WAL cannot be read: ${wal.error}`, `let this user read ${walPath}`);
  if (wal.state === 'empty') return ok('none: everything is in the database');
  if (head.layout.kind === 'opaque') return ok(`${size(wal.length)}, which cannot be read`);
  // A writer cuts off and writes again; what it shows at one moment is no damage.
  const held = holders === 'unknown' || holders.length > 0;
  if (wal.state === 'unsupported')
    return warn(
      `${walPath} has a form that cannot be followed (version ${wal.version ?? 'unknown'})`,
      'run CHECKPOINT in the program that writes it',
    );
  if (isUnreadable(wal)) {
    const what = `${walPath} is damaged behind byte ${wal.end} of ${wal.length} (${wal.state})`;
    return held
      ? warn(what, 'run quackup doctor again: it may just have been written')
      : failed(what, 'keep a copy of all files, then look which commits DuckDB still shows');
  }
  if (wal.commits > 0 && !walFitsHead(wal, head)) {
    const what = `${walPath} belongs to another state of the database or to another one: iteration ${wal.iteration ?? 'unknown'}, the database has ${head.layout.active.iteration}`;
    return held
      ? warn(what, 'run quackup doctor again: a checkpoint may just have ended')
      : failed(what, 'move it away if it was left by a copy; look for the right one if it was not');
  }
  if (wal.state === 'torn-tail' && !held) {
    return warn(
      `${walPath} ends within a commit, ${wal.length - wal.commitEnd} bytes of it: a crash has cut it off`,
      'open the database once with its program: DuckDB drops what was never committed',
    );
  }
  const olderMs = modifiedMs - (sidecars.get('wal')?.modifiedMs ?? modifiedMs);
  if (wal.databaseId === undefined && wal.commits > 0 && !held && olderMs > OLDER_MS) {
    return warn(
      `${walPath} is ${span(olderMs)} older than the database, and nothing in it says that it belongs to it: if the database was put in its place, DuckDB replays the wrong commits`,
      'move the WAL away if the database was copied or restored here by hand',
    );
  }
  return ok(
    `${size(wal.length)}, ${wal.commits} commit${wal.commits === 1 ? '' : 's'} since the last checkpoint`,
  );
}
