import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import {
  type ByteRange,
  type GetOptions,
  type ObjectKey,
  type ObjectRead,
  TargetError,
} from '@quackup/target-api';

import { isAbsence, toTargetError } from './errno-error.ts';
import { fileBody } from './file-body.ts';
import { arePlainFolders, checkRoot, infoOf, placeOf } from './object-place.ts';

// Links are not followed, and a pipe in the folder does not block. Windows has neither flag.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens an object and reads a range of it: size, time and bytes are all of the file that was opened.
 *
 * @throws TargetError `NOT_FOUND` if there is no such object, `INVALID_RANGE` if the range is not one.
 */
export async function readObject(
  root: string,
  key: ObjectKey,
  { signal, range }: GetOptions,
): Promise<ObjectRead> {
  if (range !== undefined) checkRange(key, range);
  const handle = await openObject(root, key);
  try {
    const stats = await handle.stat();
    signal?.throwIfAborted();
    if (!stats.isFile()) throw notFound(key);
    const end = Math.min(range?.end ?? stats.size, stats.size);
    const start = Math.min(range?.start ?? 0, end);
    return { info: infoOf(key, stats), body: fileBody(handle, key, { start, end }, signal) };
  } catch (error) {
    await handle.close();
    if (signal?.aborted === true) throw error;
    throw toTargetError(error, `get of "${key}"`);
  }
}

async function openObject(root: string, key: ObjectKey): Promise<FileHandle> {
  const { path, folders } = placeOf(root, key);
  try {
    if (await arePlainFolders(folders)) return await open(path, FLAGS);
  } catch (error) {
    if (!isAbsence(error)) throw toTargetError(error, `get of "${key}"`);
  }
  await checkRoot(root);
  throw notFound(key);
}

function notFound(key: ObjectKey): TargetError {
  return new TargetError('NOT_FOUND', `there is no object "${key}"`);
}

function checkRange(key: ObjectKey, { start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new TargetError('INVALID_RANGE', `get of "${key}": ${start} to ${end} is not a range`);
}
