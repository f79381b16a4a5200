import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import type { FileRole } from '../../src/lib/format/schema.ts';
import type { RestoreSite } from '../../src/lib/restore/restore-site.ts';
import { FILE_ROLES } from '../../src/lib/snapshot/database-files.ts';
import { basename, join } from 'node:path';

/** A database's files, by role. */
export type DatabaseSet = Readonly<Partial<Record<FileRole, string>>>;

/** A set of which every file says whose it is. */
export function databaseSet(owner: string, roles: readonly FileRole[]): DatabaseSet {
  return Object.fromEntries(roles.map((role) => [role, `${owner} ${role}`]));
}

export const rolesOf = (set: DatabaseSet): FileRole[] => FILE_ROLES.filter((role) => set[role] !== undefined);

export function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
}

export function writeSetFiles(set: DatabaseSet, pathOf: (role: FileRole) => string): void {
  for (const role of rolesOf(set)) writeFileSync(pathOf(role), set[role] ?? '');
}

const read = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'latin1') : undefined;

/** What whoever opens the database finds. `torn` is what must never be. */
export type Sight = 'old' | 'new' | 'guard' | 'missing' | 'claimed' | `torn: ${string}`;

/** Looks at the live set as DuckDB would. */
export function look(site: RestoreSite, old: DatabaseSet, fresh: DatabaseSet): Sight {
  const database = read(site.live('database'));
  const has = (set: DatabaseSet): boolean =>
    FILE_ROLES.every((role) => role === 'database' || read(site.live(role)) === set[role]);
  if (database?.startsWith('QUACKUP: ') === true) return 'guard';
  if (database === '') return 'claimed';
  if (database === undefined) return has(old) ? 'missing' : 'torn: no database beside new sidecars';
  if (database === old.database) return has(old) ? 'old' : 'torn: old database, other sidecars';
  if (database === fresh.database) return has(fresh) ? 'new' : 'torn: new database, other sidecars';
  return 'torn: unknown database';
}

/** Old files that are neither at their place nor aside. */
export function lostFiles(site: RestoreSite, old: DatabaseSet, suffix: string): FileRole[] {
  return rolesOf(old).filter(
    (role) => read(site.live(role)) !== old[role] && read(site.aside(role, suffix)) !== old[role],
  );
}

/** Names that must be in the folder when a switch has been settled. */
export function settledNames(
  site: RestoreSite,
  inPlace: 'old' | 'new',
  old: DatabaseSet,
  fresh: DatabaseSet,
  suffix: string,
): string[] {
  const paths =
    inPlace === 'old'
      ? rolesOf(old).map((role) => site.live(role))
      : [
          ...rolesOf(fresh).map((role) => site.live(role)),
          ...rolesOf(old).map((role) => site.aside(role, suffix)),
        ];
  return paths.map((path) => basename(path)).sort();
}
