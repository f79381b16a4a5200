/** Where the databases of a backup go. A manifest is data from outside: no name or path in it is taken on trust. */
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';

import { checkDatabaseName } from '../config/index.ts';
import { QuackupError } from '../errors.ts';

export interface Destination {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

export interface DestinationOptions {
  readonly restoreDir?: string | undefined;
  readonly baseDir?: string | undefined;
}

/**
 * @throws ARCHIVE_HOSTILE if a name or path is not one that a backup holds.
 * @throws RESTORE_FAILED if an original path means nothing here.
 */
export function planDestinations(
  databases: readonly { readonly name: string; readonly path: string }[],
  { restoreDir, baseDir }: DestinationOptions,
): Destination[] {
  return databases.map(({ name, path }) => {
    const wrong = checkDatabaseName(name);
    if (wrong !== undefined) {
      throw new QuackupError(
        'ARCHIVE_HOSTILE',
        `the backup names a database ${JSON.stringify(name)}, which ${wrong}; nothing was restored`,
      );
    }
    const destination =
      restoreDir === undefined ? originalPath(name, path, baseDir) : join(resolve(restoreDir), name);
    return { name, path: destination };
  });
}

/**
 * Where a database came from, if that is a place here.
 *
 * @throws RESTORE_FAILED if it leaves `baseDir`, or means nothing on this system.
 * @throws ARCHIVE_HOSTILE if it is not a path.
 */
export function originalPath(name: string, path: string, baseDir: string | undefined): string {
  if (path.includes('\0'))
    throw new QuackupError('ARCHIVE_HOSTILE', `the original path of ${name} is not a path`);
  if (isAbsolute(path) && normalize(path) === path && !path.endsWith(sep)) return path;
  const hint = 'name a folder with --restore-dir';
  // OpenQuant recorded paths as they stood in its configuration; one that leaves the folder is not followed.
  const base = resolve(baseDir ?? process.cwd());
  const resolved = resolve(base, path);
  const inside = relative(base, resolved);
  if (
    isAbsolute(path) ||
    inside === '' ||
    inside.startsWith('..') ||
    isAbsolute(inside) ||
    /^[A-Za-z]:[\\/]/.test(path)
  ) {
    throw new QuackupError(
      'RESTORE_FAILED',
      `${name} came from ${path}, which is no place to restore to here`,
      { hint },
    );
  }
  return resolved;
}
