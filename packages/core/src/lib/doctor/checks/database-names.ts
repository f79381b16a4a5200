import type { DatabaseFacts } from '../probes/database-facts.ts';
import { failed, ok, type Verdict, warn } from '../check.ts';

export function judgeDatabaseNames({ path, names }: Pick<DatabaseFacts, 'path' | 'names'>): Verdict {
  const { linkTo, hardLinks, isWalHere, doubt } = names;
  if (doubt !== undefined) {
    return failed(doubt.message, doubt.hint ?? 'see docs/errors/WAL_IN_DOUBT.md');
  }
  if (hardLinks > 1 && !isWalHere) {
    return warn(
      `its file has ${hardLinks} names (hard links): commits made by another one than ${path} may lie in a WAL beside that, and be missing from backups`,
      'remove the other names, or see to it that whatever opens the database uses this one',
    );
  }
  if (linkTo !== undefined) {
    return warn(
      `${path} is a link to ${linkTo}: DuckDB keeps the WAL beside the file since 1.5, before beside the link; both are looked at, and refused if there is one at each`,
      'let whatever opens the database, and the configuration, use the name of the file itself',
    );
  }
  return ok(hardLinks > 1 ? `${hardLinks} (hard links), and this one is in use` : 'one');
}
