// The layout of a folder:
//
//   <root>/                  0700 if made here
//     .tmp/                  0700; dot names are no keys, so it is never listed
//       <32 hex>.part        0600; a put that is not finished. A crash leaves it; it is removed a day later
//     <segment>/             0700; the key "a/b" is the file b in the folder a
//       <segment>            0600; the object, nothing but its bytes
import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Stats } from 'node:fs';

import { type ObjectInfo, type ObjectKey, TargetError } from '@quackup/target-api';

import { isAbsence, toTargetError } from './errno-error.ts';

/** Name of the folder of unfinished puts. */
export const PARTS_FOLDER = '.tmp';

/** Where an object is. */
export interface ObjectPlace {
  readonly path: string;
  /** The folders between the root and the object, outermost first. */
  readonly folders: readonly string[];
  /** The folder that the object is in: the root or the last of `folders`. */
  readonly folder: string;
}

// Names of devices on Windows, with any extension.
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/**
 * Where an object is in the folder `root`.
 *
 * @throws TargetError `INVALID_KEY` on Windows if a segment is not the name of a file there.
 */
export function placeOf(
  root: string,
  key: ObjectKey,
  platform: NodeJS.Platform = process.platform,
): ObjectPlace {
  const segments = key.split('/');
  const bad = platform === 'win32' ? segments.find((name) => WINDOWS_DEVICE.test(name)) : undefined;
  if (bad !== undefined)
    throw new TargetError('INVALID_KEY', `"${bad}" in "${key}" is no file name on Windows`);
  const folders = segments.slice(0, -1).map((_, index) => join(root, ...segments.slice(0, index + 1)));
  return { path: join(root, ...segments), folders, folder: folders.at(-1) ?? root };
}

/** What is known of an object from its file. There is no etag: nothing that a file system tells changes for certain. */
export function infoOf(key: ObjectKey, stats: Stats): ObjectInfo {
  return { key, size: stats.size, modifiedAt: stats.mtime };
}

/** `lstat`, or `undefined` if there is nothing. */
export async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw toTargetError(error, `look at ${path}`);
  }
}

/**
 * The file of an object, or `undefined` if there is none. Links are not followed, neither as the object nor as a folder
 * on the way: an object is never outside the root.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND` or `INVALID_OPTIONS`, see {@link checkRoot}.
 */
export async function findObject(root: string, { path, folders }: ObjectPlace): Promise<Stats | undefined> {
  if (await arePlainFolders(folders)) {
    const stats = await lookAt(path);
    if (stats?.isFile() === true) return stats;
  }
  await checkRoot(root);
  return undefined;
}

/** Whether all of them are there and are folders, not links to some. */
export async function arePlainFolders(folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const stats = await lookAt(folder);
    if (stats?.isDirectory() !== true) return false;
  }
  return true;
}

/**
 * Tells an empty place from one that is not there: the root itself may be missing, it is made at the first put; its
 * parent may not, for then a disk is not mounted or a path is mistyped.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND` if the root's parent is not there, `INVALID_OPTIONS` if the root is a file.
 */
export async function checkRoot(root: string): Promise<void> {
  for (const place of [root, dirname(root)]) {
    try {
      const stats = await stat(place);
      if (stats.isDirectory()) return;
    } catch (error) {
      if (isAbsence(error)) continue;
      throw toTargetError(error, `look at ${place}`);
    }
    throw new TargetError('INVALID_OPTIONS', `${place} is not a folder`, {
      hint: 'name a folder as the path',
    });
  }
  throw new TargetError('CONTAINER_NOT_FOUND', `there is no folder ${dirname(root)} to hold ${root}`, {
    hint: 'check that the disk is mounted, or make the folder',
  });
}
