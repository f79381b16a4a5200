import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';

import { nearestFolder } from '../../process/nearest-folder.ts';
import { findStaleScratch } from '../../process/scratch-folder.ts';
import { probeDisk } from './database-facts.ts';

/** File systems that clone a file at once (linux/magic.h; APFS tells 0x1a on macOS). */
const CLONING = new Set([0x9123683e, 0x58465342, 0x1a]);

export interface TempFacts {
  readonly path: string;
  /** Why nothing can be written there. */
  readonly problem: string | undefined;
  readonly freeBytes: number | undefined;
  /** Number of the file system, if a clone of a file on it takes no room. */
  readonly clonesDevice: number | undefined;
  /** Folders of runs that are over. */
  readonly stale: readonly string[];
}

/** A folder that is not there yet is made by the first run: what counts is the one that it will be made in. */
export async function probeTemp(path: string): Promise<TempFacts> {
  const place = await nearestFolder(path);
  const problem = await whyNotWritable(place);
  const { type } = await statfs(place).catch(() => ({ type: 0 }));
  return {
    path,
    problem,
    freeBytes: (await probeDisk(place))?.freeBytes,
    clonesDevice: CLONING.has(type >>> 0) ? (await stat(place)).dev : undefined,
    stale: place === path ? await findStaleScratch(path).catch(() => []) : [],
  };
}

async function whyNotWritable(folder: string): Promise<string | undefined> {
  try {
    if (!(await stat(folder)).isDirectory()) return `${folder} is not a folder`;
    await access(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
