import { rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { ObjectKey } from '@quackup/target-api';

import { errnoOf, isAbsence, toTargetError } from './errno-error.ts';
import { findObject, placeOf } from './object-place.ts';
import { syncFolder } from './sync-folder.ts';

// Not empty, gone already, in use, or not ours: it stays, and no object depends on it.
const FOLDER_STAYS = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY', 'EPERM', 'EACCES']);

/**
 * Removes objects, then syncs each folder once, then removes the folders that have become empty. Whatever is not an
 * object (a folder, a link) stays.
 */
export async function deleteObjects(
  root: string,
  keys: readonly ObjectKey[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const folders = new Set<string>();
  for (const key of keys) {
    signal?.throwIfAborted();
    const place = placeOf(root, key);
    if ((await findObject(root, place)) === undefined) continue;
    try {
      await unlink(place.path);
    } catch (error) {
      if (!isAbsence(error)) throw toTargetError(error, `delete "${key}"`);
    }
    folders.add(place.folder);
  }
  for (const folder of folders) await syncUnlessGone(folder);
  for (const folder of folders) await removeEmptyFolders(root, folder);
}

/** Another delete may have removed the folder, and with it all of its names. */
async function syncUnlessGone(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    const { cause }: { cause?: unknown } = error instanceof Error ? error : {};
    if (!isAbsence(cause)) throw error;
  }
}

async function removeEmptyFolders(root: string, innermost: string): Promise<void> {
  for (let folder = innermost; folder !== root; folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch (error) {
      if (FOLDER_STAYS.has(errnoOf(error) ?? '')) return;
      throw toTargetError(error, `remove the empty folder ${folder}`);
    }
  }
}
