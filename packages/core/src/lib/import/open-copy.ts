import { basename } from 'node:path';

import { QuackupError } from '../errors.ts';
import { checkDatabaseName } from '../config/index.ts';
import { FILE_ROLES } from '../snapshot/database-files.ts';
import { filesOnDisk } from '../snapshot/files-on-disk.ts';
import { describeHolders, findLockHolders } from '../snapshot/lock-holders.ts';
import type { OpenedImport, PlannedDatabase } from './opened-import.ts';

/**
 * A database file that was copied, with the sidecars beside it. It is read where it lies.
 *
 * @throws IMPORT_REFUSED if a process has it open: then it is no copy.
 */
export async function openCopy(
  path: string,
  { time, database }: { readonly time?: Date | undefined; readonly database: PlannedDatabase },
): Promise<OpenedImport> {
  checkName(database.name, path);
  const holders = await findLockHolders(path);
  if (holders !== 'unknown' && holders.length > 0) {
    throw new QuackupError(
      'IMPORT_REFUSED',
      `${path} is open in ${describeHolders(holders)}: it is no copy`,
      {
        hint: `back it up: quackup backup ${path}`,
      },
    );
  }
  const { paths, state } = await filesOnDisk(path);
  const files = FILE_ROLES.flatMap((role) => state[role] ?? []);
  const newestNs = files.reduce((newest, { modifiedNs }) => (modifiedNs > newest ? modifiedNs : newest), 0n);
  const sizeBytes = Number(files.reduce((sum, { size }) => sum + size, 0n));
  return {
    kind: 'copy',
    source: path,
    createdAt: time ?? new Date(Number(newestNs / 1_000_000n)),
    databases: [{ ...database, sizeBytes }],
    files: FILE_ROLES.filter((role) => state[role] !== undefined).map((role) => ({
      name: role,
      path: paths[role],
    })),
    notes: [
      ...(state.wal === undefined
        ? [
            'there is no WAL beside it: if the database was in use when it was copied, its last commits are missing',
          ]
        : []),
      'whether it was copied while a process wrote to it cannot be told from the files',
    ],
    unpack: async () => ({ databases: new Map([[database.name, { path }]]), notes: [] }),
  };
}

/** @throws USAGE if it cannot be a database's name. */
export function checkName(name: string, path: string): void {
  const wrong = checkDatabaseName(name);
  if (wrong === undefined) return;
  throw new QuackupError('USAGE', `the name ${JSON.stringify(name)} of ${path} ${wrong}`, {
    hint: 'name the database that it is of with --as PATH',
  });
}

/** What a copy or an export is of: what `--as` names, else the known database of that file name, else itself. */
export function plannedDatabase(
  fileName: string,
  path: string,
  { as, known = [] }: { readonly as?: string; readonly known?: readonly PlannedDatabase[] },
): PlannedDatabase {
  const wanted = as ?? path;
  const name = as === undefined ? fileName : basename(as);
  const same = known.find((each) => (as === undefined ? each.name === name : each.path === as));
  return same === undefined ? { name, path: wanted } : { name: same.name, path: same.path };
}
