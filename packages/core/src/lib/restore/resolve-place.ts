import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { QuackupError } from '../errors.ts';
import { exists } from './restore-site.ts';

/** Where a database really goes. */
export interface Place {
  /** The file behind all links: it is replaced, not the link. */
  readonly path: string;
  /** The links that lead from the name to that file. Empty if the name is the file's own. */
  readonly links: readonly string[];
}

/**
 * @throws RESTORE_FAILED if the folder is none, or a link leads nowhere or in a circle.
 */
export async function resolvePlace(path: string): Promise<Place> {
  await checkFolder(dirname(path));
  if (!(await exists(path))) {
    const folder = await realpath(dirname(path)).catch(() => dirname(path));
    return { path: join(folder, basename(path)), links: [] };
  }
  try {
    return { path: await realpath(path), links: await linksOf(path) };
  } catch (error) {
    throw leadsNowhere(path, error);
  }
}

async function linksOf(path: string): Promise<string[]> {
  const links: string[] = [];
  let each = path;
  while ((await lstat(each)).isSymbolicLink()) {
    links.push(each);
    each = resolve(await realpath(dirname(each)), await readlink(each));
  }
  return links;
}

/** That it is a folder, or can become one. */
async function checkFolder(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  let isFolder: boolean;
  try {
    isFolder = (await stat(folder)).isDirectory();
  } catch (error) {
    throw leadsNowhere(folder, error);
  }
  if (isFolder) return;
  throw new QuackupError('RESTORE_FAILED', `${folder} is not a folder; nothing was touched`, {
    hint: 'name another folder with --restore-dir',
  });
}

function leadsNowhere(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT' && code !== 'ELOOP') return error;
  return new QuackupError(
    'RESTORE_FAILED',
    `${path} is a link that leads ${code === 'ENOENT' ? 'nowhere' : 'in a circle'}; nothing was touched`,
    { cause: error, hint: 'put the link right or remove it, or name another folder with --restore-dir' },
  );
}
