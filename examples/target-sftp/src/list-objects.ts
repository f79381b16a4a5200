import { posix } from 'node:path';

import { isObjectKey, type ListOptions, type ObjectInfo } from '@quackup/target-api';
import type { FileEntryWithStats } from 'ssh2';

import type { Connection } from './connection.ts';
import { orAborted } from './or-aborted.ts';
import { checkRoot, infoOf } from './place.ts';
import { isAbsence, toTargetError } from './sftp-error.ts';

/**
 * All objects below `root` in the order of their keys. Only folders that can hold what is asked for are read; one folder's
 * names are in memory at a time, and those of the folders above it.
 */
export function listObjects(
  connection: Connection,
  root: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo, void> {
  const { signal, prefix = '', startAfter = '' } = options;
  return walk({ connection, root, signal, prefix, startAfter }, '');
}

interface Query {
  readonly connection: Connection;
  readonly root: string;
  readonly signal: AbortSignal | undefined;
  readonly prefix: string;
  readonly startAfter: string;
}

/** Objects in the folder `base`, which is empty for the root or ends with `/`. */
async function* walk(query: Query, base: string): AsyncGenerator<ObjectInfo, void> {
  for (const { path, attrs } of await entriesOf(query, base)) {
    query.signal?.throwIfAborted();
    if (path.endsWith('/')) {
      if (mayHold(path, query)) yield* walk(query, path);
    } else if (isObjectKey(path) && path.startsWith(query.prefix) && path > query.startAfter) {
      yield infoOf(path, attrs);
    }
  }
  query.signal?.throwIfAborted();
}

interface Entry {
  readonly path: string;
  readonly attrs: { readonly size: number; readonly mtime: number };
}

/**
 * Files and folders in a folder whose names are segments of keys, in the order of the keys. A folder's path ends with `/`, as the
 * keys in it go on, so that sorting the paths sorts the keys: `a-b` (2d), `a.b` (2e), `a/b` (2f), `a0` (30).
 */
async function entriesOf({ connection, root, signal }: Query, base: string): Promise<readonly Entry[]> {
  const folder = posix.join(root, base);
  const read = connection.request<FileEntryWithStats[]>((sftp, reply) => sftp.readdir(folder, reply));
  const entries = await orAborted(read, signal).catch(async (error: unknown) => {
    if (signal?.aborted === true && error === signal.reason) throw error;
    // A folder that is missing was removed because it had become empty; or there is no such file system.
    if (!isAbsence(error)) throw toTargetError(error, `list ${folder}`);
    if (base === '') await orAborted(checkRoot(connection, root), signal);
    return [];
  });
  return entries
    .filter(({ filename, attrs }) => isObjectKey(base + filename) && (attrs.isFile() || attrs.isDirectory()))
    .map(({ filename, attrs }) => ({ path: `${base}${filename}${attrs.isDirectory() ? '/' : ''}`, attrs }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

/** Whether a key that begins with `path` can fit the query. */
function mayHold(path: string, { prefix, startAfter }: Query): boolean {
  const fits = path.startsWith(prefix) || prefix.startsWith(path);
  return fits && (path > startAfter || startAfter.startsWith(path));
}
