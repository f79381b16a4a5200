import type { ObjectKey } from '@quackup/target-api';

import type { Connection } from './connection.ts';
import { orAborted } from './or-aborted.ts';
import { findObject, foldersOf, pathOf } from './place.ts';
import { isAbsence, toTargetError } from './sftp-error.ts';

/** Removes an object, then the folders that have become empty. What is no object (a folder, a link) stays. */
export async function deleteObject(
  connection: Connection,
  root: string,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<void> {
  if ((await orAborted(findObject(connection, root, key), signal)) === undefined) return;
  try {
    // No abort from here on: the object could go although the delete was said to have changed nothing.
    await connection.request<void>((sftp, reply) => sftp.unlink(pathOf(root, key), reply));
  } catch (error) {
    if (!isAbsence(error)) throw toTargetError(error, `delete "${key}"`);
  }
  await removeEmptyFolders(connection, foldersOf(root, key).toReversed());
}

async function removeEmptyFolders(connection: Connection, folders: readonly string[]): Promise<void> {
  try {
    for (const folder of folders) await connection.request<void>((sftp, reply) => sftp.rmdir(folder, reply));
  } catch {
    // Not empty, not ours or gone already: it stays, and no object depends on it.
  }
}
