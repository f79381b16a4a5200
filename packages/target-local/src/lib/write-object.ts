import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  DirectWrites,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type PutOptions,
  readBody,
  TargetError,
} from '@quackup/target-api';

import { errnoOf, toTargetError } from './errno-error.ts';
import { makeFolders, makeRoot } from './make-folders.ts';
import { findObject, infoOf, lookAt, type ObjectPlace, placeOf } from './object-place.ts';
import { PartWriter } from './part-writer.ts';
import { PART_SUFFIX } from './stale-parts.ts';
import { syncFolder } from './sync-folder.ts';

// A delete may remove a folder that has become empty right before the object is given its name in it.
const ATTEMPTS = 20;

/**
 * Stores an object: writes and syncs a part, then gives it the object's name in one step, then syncs the folders. A crash
 * leaves a part at most. `if-absent` is decided by link(2), which never replaces anything, so there is exactly one winner,
 * also among processes and hosts.
 */
export async function writeObject(
  root: string,
  key: ObjectKey,
  body: ObjectBody,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { signal, condition } = options;
  const place = placeOf(root, key);
  // Spares reading the whole body if the answer is known already; what counts is asked at the end.
  if (condition !== undefined && (await findObject(root, place)) !== undefined) throw exists(key);
  const parts = await makeRoot(root);
  const part = join(parts, `${randomBytes(16).toString('hex')}${PART_SUFFIX}`);
  try {
    const stats = await writePart(part, key, body, options);
    signal?.throwIfAborted();
    await giveName(part, key, place, condition !== undefined);
    for (const folder of [...place.folders.toReversed(), root]) await syncFolder(folder);
    return infoOf(key, stats);
  } finally {
    // After a rename it is gone already. Should it stay, what the caller gets to know is what became of the object: a
    // part that is left is never listed, and removed a day later.
    await rm(part, { force: true }).catch(() => {});
  }
}

async function writePart(
  part: string,
  key: ObjectKey,
  body: ObjectBody,
  options: PutOptions,
): Promise<Stats> {
  const { signal, size } = options;
  const translate = (error: unknown): never => {
    throw toTargetError(error, `put of "${key}"`);
  };
  const handle: FileHandle = await open(part, 'wx', 0o600).catch(translate);
  const writer = new PartWriter(handle, () => DirectWrites.open(part));
  try {
    let length = 0;
    for await (const chunk of readBody(body, signal)) {
      length += chunk.length;
      if (size !== undefined && length > size) throw sizeMismatch(key, `more than ${size}`, size);
      await writer.append(chunk).catch(translate);
    }
    if (size !== undefined && length !== size) throw sizeMismatch(key, `${length}`, size);
    await writer.finish().catch(translate);
    return await handle.stat().catch(translate);
  } finally {
    await writer.abandon();
    await handle.close().catch(translate);
  }
}

async function giveName(
  part: string,
  key: ObjectKey,
  place: ObjectPlace,
  onlyIfAbsent: boolean,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await makeFolders(place.folders);
    const there = await lookAt(place.path);
    if (there !== undefined && !there.isFile()) throw inTheWay(key, place);
    try {
      await (onlyIfAbsent ? link(part, place.path) : rename(part, place.path));
      return;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EEXIST' && onlyIfAbsent) throw exists(key, error);
      if (errno === 'ENOENT' && attempt < ATTEMPTS) continue;
      if (onlyIfAbsent && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno ?? '')) {
        throw noHardLinks(key, error);
      }
      throw toTargetError(error, `put of "${key}"`);
    }
  }
}

function exists(key: ObjectKey, cause?: unknown): TargetError {
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is such an object already`, {
    cause,
  });
}

function inTheWay(key: ObjectKey, { path }: ObjectPlace): TargetError {
  return new TargetError('UNSUPPORTED', `put of "${key}": ${path} is there and is not an ordinary file`, {
    hint: 'a folder holds either the object "a" or objects below "a/", not both',
  });
}

function noHardLinks(key: ObjectKey, cause: unknown): TargetError {
  return new TargetError('UNSUPPORTED', `put of "${key}" if absent: this file system makes no hard links`, {
    cause,
    hint: 'use a folder on a file system that has hard links (ext4, XFS, btrfs, APFS, NTFS)',
  });
}

function sizeMismatch(key: ObjectKey, length: string, size: number): TargetError {
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${length} bytes instead of ${size}`);
}
