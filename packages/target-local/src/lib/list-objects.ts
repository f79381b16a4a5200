import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isObjectKey, type ListOptions, type ObjectInfo, type ObjectKey } from '@quackup/target-api';

import { isAbsence, toTargetError } from './errno-error.ts';
import { checkRoot, infoOf, lookAt } from './object-place.ts';

// Enough to keep the thread pool busy, few enough that a list that is left early has asked for little in vain.
const STATS_AT_ONCE = 256;

/**
 * All objects below `root` in the order of their keys. Only folders that can hold what is asked for are read. Ordinary
 * files whose path is a key are objects; links, pipes and other names are passed over.
 */
export async function* listObjects(root: string, options: ListOptions): AsyncGenerator<ObjectInfo, void> {
  const { signal, prefix = '', startAfter = '' } = options;
  for await (const keys of walk(root, '', { prefix, startAfter })) {
    signal?.throwIfAborted();
    const found = await Promise.all(keys.map((key) => lookAt(`${root}/${key}`)));
    for (const [index, key] of keys.entries()) {
      signal?.throwIfAborted();
      const stats = found[index];
      // Otherwise it was deleted since its name was read.
      if (stats?.isFile() === true) yield infoOf(key, stats);
    }
  }
  signal?.throwIfAborted();
}

interface Query {
  readonly prefix: string;
  readonly startAfter: string;
}

/** Keys in the folder `base`, which is empty for the root or ends with `/`: some at a time, none without any. */
async function* walk(root: string, base: string, query: Query): AsyncGenerator<readonly ObjectKey[], void> {
  let keys: ObjectKey[] = [];
  for (const path of await pathsIn(root, base)) {
    const folder = path.endsWith('/');
    if (!folder && isObjectKey(path) && path.startsWith(query.prefix) && path > query.startAfter)
      keys.push(path);
    const enter = folder && isObjectKey(path.slice(0, -1)) && mayHold(path, query);
    if (keys.length === STATS_AT_ONCE || (enter && keys.length > 0)) {
      yield keys;
      keys = [];
    }
    if (enter) yield* walk(root, path, query);
  }
  if (keys.length > 0) yield keys;
}

/**
 * Paths of the files and folders in a folder, in the order of the keys. A folder's path ends with `/`, as the keys in it
 * go on, so that sorting the paths sorts the keys: `a-b` (2d), `a.b` (2e), `a/b` (2f), `a0` (30).
 */
async function pathsIn(root: string, base: string): Promise<readonly string[]> {
  let entries: readonly Dirent[];
  try {
    entries = await readdir(join(root, base), { withFileTypes: true });
  } catch (error) {
    if (!isAbsence(error)) throw toTargetError(error, `list ${join(root, base)}`);
    if (base === '') await checkRoot(root);
    return [];
  }
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => (entry.isDirectory() ? `${base}${entry.name}/` : `${base}${entry.name}`));
  // ASCII only, so the order of UTF-16 units is the order of bytes.
  return paths.sort();
}

/** Whether a key that begins with `path` can fit the query. */
function mayHold(path: string, { prefix, startAfter }: Query): boolean {
  const fits = path.startsWith(prefix) || prefix.startsWith(path);
  return fits && (path > startAfter || startAfter.startsWith(path));
}
