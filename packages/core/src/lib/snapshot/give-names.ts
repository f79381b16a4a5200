import { link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { QuackupError } from '../errors.ts';
import { isWithoutHardLinks } from '../restore/journal.ts';
import { syncFolder } from '../restore/sync-folder.ts';
import { fileState } from './database-files.ts';

/** A file that is whole and synced, and the name it is to have in the same file system. */
export interface Nameless {
  readonly file: string;
  readonly path: string;
}

/**
 * Gives the files of a copy their names, in this order, durably; the last one only when the others have theirs on the
 * disk. What they were called before may be left.
 *
 * @throws TARGET_EXISTS if somebody has one of the names; then none is taken.
 */
export async function giveNames(files: readonly Nameless[]): Promise<void> {
  const given: string[] = [];
  try {
    for (const { file, path } of files) {
      if (given.length > 0) await syncFolder(dirname(path));
      await giveName(file, path);
      given.push(path);
    }
  } catch (error) {
    for (const path of given) await rm(path, { force: true });
    throw error;
  }
  for (const path of given.slice(-1)) await syncFolder(dirname(path));
}

/** Never replaces a file, except where hard links are not known: there one that appears at this very moment. */
async function giveName(file: string, path: string): Promise<void> {
  try {
    await link(file, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inTheWay(path);
    if (!isWithoutHardLinks(error)) throw error;
    if ((await fileState(path)) !== undefined) throw inTheWay(path);
    await rename(file, path);
  }
}

export function inTheWay(path: string): QuackupError {
  return new QuackupError('TARGET_EXISTS', `${path} is there already; nothing was written`, {
    hint: 'name a file that does not exist yet',
  });
}
