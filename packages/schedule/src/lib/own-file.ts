import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { MARK } from './own-mark.ts';
import { ScheduleError } from './schedule-error.ts';

/** A file as it should be. */
export interface PlannedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** The text of a file; `undefined` if there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes a file, whole or not at all, readable for everybody as the programs that read it need.
 *
 * @throws NOT_OURS if another file has its name.
 */
export async function writeOwnFile({ path, text }: PlannedFile): Promise<void> {
  await refuseForeign(path);
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.quackup-${process.pid}.tmp`);
  try {
    await using file = await open(temporary, 'w', 0o644);
    await file.writeFile(text);
    await file.sync();
    await chmod(temporary, 0o644);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes a file.
 *
 * @returns whether there was one.
 * @throws NOT_OURS if it is not one of Quackup's.
 */
export async function removeOwnFile(path: string): Promise<boolean> {
  if (!(await refuseForeign(path))) return false;
  await rm(path);
  return true;
}

async function refuseForeign(path: string): Promise<boolean> {
  const found = await readIfThere(path);
  if (found !== undefined && !found.includes(MARK))
    throw new ScheduleError(
      'NOT_OURS',
      `${path} was not written by Quackup`,
      'move it away, or choose another name',
    );
  return found !== undefined;
}
