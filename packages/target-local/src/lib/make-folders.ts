import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { TargetError } from '@quackup/target-api';

import { errnoOf, isAbsence, toTargetError } from './errno-error.ts';
import { checkRoot, lookAt, PARTS_FOLDER } from './object-place.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Makes the root and its folder of unfinished puts, where they are missing. The root's parent is never made.
 *
 * @returns The folder of unfinished puts.
 * @throws TargetError `CONTAINER_NOT_FOUND` or `INVALID_OPTIONS`, see {@link checkRoot}.
 */
export async function makeRoot(root: string): Promise<string> {
  const parts = join(root, PARTS_FOLDER);
  if ((await makeFolder(root)) === 'made') await syncFolder(dirname(root));
  if ((await makeFolder(parts)) !== 'impossible') return parts;
  await checkRoot(root);
  throw new TargetError('CONTAINER_NOT_FOUND', `the folder ${root} was removed`);
}

/**
 * Makes the folders between the root and an object, outermost first, where they are missing. One that a delete removes
 * meanwhile, because it has become empty, may be missing again when this resolves.
 *
 * @throws TargetError `UNSUPPORTED` if something that is no folder has the name of one.
 */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await makeFolder(folder);
    const stats = await lookAt(folder);
    if (stats === undefined || stats.isDirectory()) continue;
    throw new TargetError('UNSUPPORTED', `${folder} is no folder, so nothing can be stored below it`, {
      hint: 'a folder holds either the object "a" or objects below "a/", not both',
    });
  }
}

/** Impossible: there is no parent, or it is no folder. */
async function makeFolder(folder: string): Promise<'made' | 'there' | 'impossible'> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return 'made';
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return 'there';
    if (isAbsence(error)) return 'impossible';
    // Where nothing may be made, that may be said before it is noticed that there is nothing to make.
    if ((await lookAt(folder))?.isDirectory() === true) return 'there';
    throw toTargetError(error, `make the folder ${folder}`);
  }
}
