import type { DatabaseFacts } from '../probes/database-facts.ts';
import { failed, ok, type Verdict, warn } from '../check.ts';

export function judgeDatabaseSidecars({ file, path, sidecars, holders }: DatabaseFacts): Verdict {
  const isMissing = 'error' in file && file.error.code === 'DATABASE_NOT_FOUND';
  if (isMissing && sidecars.size > 0) {
    return failed(
      `${path} is not there, but ${names(sidecars)} ${sidecars.size === 1 ? 'is' : 'are'}: opening it now would remove the WAL`,
      'put the database back before anything opens it: quackup restore',
    );
  }
  const parts = [...sidecars.keys()].filter((role) => role !== 'wal');
  if (parts.length === 0) return ok('none but the WAL');
  const what = parts.map((role) => sidecars.get(role)?.path).join(' and ');
  if (holders === 'unknown' || holders.length > 0) return ok(`${what}: a checkpoint is running`);
  return warn(
    `${what}: a crash has cut off ${parts.includes('wal.recovery') ? 'a recovery' : 'a checkpoint'}`,
    'open the database once with its program: DuckDB finishes it',
  );
}

function names(sidecars: DatabaseFacts['sidecars']): string {
  return [...sidecars.values()].map(({ path }) => path).join(' and ');
}
