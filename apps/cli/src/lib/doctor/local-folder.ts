import { lstat, readdir, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Config, FolderFacts } from '@quackup/core';

/** A part that nobody has written to for so long belongs to a run that is over: `@quackup/target-local` removes it then. */
const OVER_MS = 24 * 3_600_000;

/** What the file system tells of the folder of a target of type `local`; undefined of any other, and if it is not there. */
export async function probeLocalFolder(
  name: string,
  { targets, baseDir }: Config,
  now: Date,
): Promise<FolderFacts | undefined> {
  const target = targets.get(name);
  const { path: configured } = target?.options ?? {};
  if (target?.type !== 'local' || typeof configured !== 'string') return undefined;
  const path = resolve(baseDir, configured);
  try {
    const { bavail, bsize } = await statfs(path);
    return { path, freeBytes: bavail * bsize, unfinished: await findUnfinished(join(path, '.tmp'), now) };
  } catch {
    // It is made by the first backup; whether it can be is what the probe of the target finds out.
    return undefined;
  }
}

async function findUnfinished(folder: string, now: Date): Promise<FolderFacts['unfinished']> {
  const names = await readdir(folder).catch(() => [] as string[]);
  let count = 0;
  let bytes = 0;
  for (const name of names) {
    const stats = await lstat(join(folder, name)).catch(() => undefined);
    if (stats === undefined || now.getTime() - stats.mtimeMs < OVER_MS) continue;
    count += 1;
    bytes += stats.size;
  }
  return { count, bytes };
}
