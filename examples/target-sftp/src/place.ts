// The layout on the server, under the folder `path`:
//
//   .tmp/                  0700; dot names are no keys, so it is never listed
//     <32 hex>.part        0600; a put that is not finished
//   <segment>/             0700; the key "a/b" is the file b in the folder a
//     <segment>            0600; the object, nothing but its bytes
import { posix } from 'node:path';

import { type ObjectInfo, type ObjectKey, TargetError } from '@quackup/target-api';
import type { Stats } from 'ssh2';

import type { Connection } from './connection.ts';
import { isAbsence, STATUS, statusOf, toTargetError } from './sftp-error.ts';

const FOLDER_MODE = 0o700;

/** How often something is tried again that a delete beside it may spoil: it removes folders that have become empty. */
export const ATTEMPTS = 20;

/** Where unfinished puts are. */
export const partsFolder = (root: string): string => posix.join(root, '.tmp');

export const pathOf = (root: string, key: ObjectKey): string => posix.join(root, key);

/** The folders between the root and an object, outermost first. */
export function foldersOf(root: string, key: ObjectKey): readonly string[] {
  const segments = key.split('/');
  return segments.slice(0, -1).map((_, index) => posix.join(root, ...segments.slice(0, index + 1)));
}

/** There is no etag: nothing that the protocol tells of a file changes for certain. */
export function infoOf(
  key: ObjectKey,
  { size, mtime }: { readonly size: number; readonly mtime: number },
): ObjectInfo {
  return { key, size, modifiedAt: new Date(mtime * 1000) };
}

/** What lies under a path, or `undefined` if there is nothing. Links are not followed. */
export async function lookAt(connection: Connection, path: string): Promise<Stats | undefined> {
  try {
    return await connection.request<Stats>((sftp, reply) => sftp.lstat(path, reply));
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw toTargetError(error, `look at ${path}`);
  }
}

/** The file of an object, or `undefined` if there is none: folders and links are no objects. */
export async function findObject(
  connection: Connection,
  root: string,
  key: ObjectKey,
): Promise<Stats | undefined> {
  const stats = await lookAt(connection, pathOf(root, key));
  if (stats?.isFile() === true) return stats;
  await checkRoot(connection, root);
  return undefined;
}

/**
 * Tells an empty place from one that is not there: the root may be missing, it is made at the first put; its parent may not.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND`, or `INVALID_OPTIONS` if the root is a file.
 */
export async function checkRoot(connection: Connection, root: string): Promise<void> {
  for (const place of [root, posix.dirname(root)]) {
    const stats = await connection
      .request<Stats>((sftp, reply) => sftp.stat(place, reply))
      .catch((error: unknown) => {
        if (isAbsence(error)) return undefined;
        throw toTargetError(error, `look at ${place}`);
      });
    if (stats?.isDirectory() === true) return;
    if (stats !== undefined) {
      throw new TargetError('INVALID_OPTIONS', `${place} is not a folder on the server`, {
        hint: 'name a folder as the path',
      });
    }
  }
  throw new TargetError(
    'CONTAINER_NOT_FOUND',
    `the server has no folder ${posix.dirname(root)} to hold ${root}`,
    {
      hint: 'make it, or check that its disk is mounted on the server',
    },
  );
}

/**
 * Makes a folder if it is missing. Whether it is there now: it is not if its parent is missing, or no folder.
 *
 * @throws the error of the reply as it is; TargetError `UNSUPPORTED` if something else is in the way.
 */
export async function makeFolder(connection: Connection, path: string): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.request<void>((sftp, reply) => sftp.mkdir(path, { mode: FOLDER_MODE }, reply));
      return true;
    } catch (error) {
      // "Failure" is all that is said of a folder that is there already.
      const stats = await lookAt(connection, path);
      if (stats?.isDirectory() === true) return true;
      if (stats !== undefined) throw notAFolder(path);
      if (isAbsence(error)) return false;
      // Or it was there, and a delete has removed it meanwhile because it had become empty.
      if (statusOf(error) !== STATUS.failure || attempt === ATTEMPTS) throw error;
    }
  }
}

function notAFolder(path: string): TargetError {
  return new TargetError('UNSUPPORTED', `${path} is no folder, so nothing can be stored below it`, {
    hint: 'a folder holds either the object "a" or objects below "a/", not both',
  });
}
