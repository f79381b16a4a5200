import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf, toTargetError } from './errno-error.ts';

/** How the names of unfinished puts end. */
export const PART_SUFFIX = '.part';

const PART = /^[0-9a-f]{32}\.part$/;

// A put that goes on writes again and again, so its part is never that old. A wide margin for clocks that differ.
const STALE_MS = 24 * 3_600_000;

// Removed by somebody else meanwhile, or somebody else's: neither is a reason to fail.
const IGNORED = new Set(['ENOENT', 'EACCES', 'EPERM', 'EBUSY']);

/** Removes what puts left that were cut off more than a day before `now`. */
export async function removeStaleParts(folder: string, now: Date): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      if (PART.test(name)) await removeIfStale(join(folder, name), now);
    }
  } catch (error) {
    if (!IGNORED.has(errnoOf(error) ?? '')) throw toTargetError(error, `remove unfinished puts in ${folder}`);
  }
}

async function removeIfStale(path: string, now: Date): Promise<void> {
  try {
    const stats = await lstat(path);
    if (now.getTime() - stats.mtimeMs > STALE_MS) await rm(path, { force: true });
  } catch (error) {
    if (!IGNORED.has(errnoOf(error) ?? '')) throw error;
  }
}
