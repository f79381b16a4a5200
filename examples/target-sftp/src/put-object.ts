import {
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type PutOptions,
  readBody,
  TargetError,
} from '@quackup/target-api';
import type { Stats } from 'ssh2';

import type { Connection } from './connection.ts';
import { explainFailure } from './explain-failure.ts';
import { orAborted } from './or-aborted.ts';
import { Part } from './part.ts';
import { PartWriter } from './part-writer.ts';
import { ATTEMPTS, findObject, foldersOf, infoOf, lookAt, makeFolder, pathOf } from './place.ts';
import { isAbsence, statusOf } from './sftp-error.ts';

/**
 * Stores an object: writes and syncs a part, then gives it the object's name in one step. A crash leaves a part at most.
 * `if-absent` is decided by a hard link, which never replaces anything, so there is exactly one winner.
 */
export async function putObject(
  connection: Connection,
  root: string,
  key: ObjectKey,
  body: ObjectBody,
  options: PutOptions,
): Promise<ObjectInfo> {
  const { signal, condition } = options;
  // Spares reading the whole body if the answer is known already; what counts is asked at the end.
  if (condition !== undefined && (await orAborted(findObject(connection, root, key), signal)) !== undefined)
    throw exists(key);
  const part = new Part(connection, root);
  let named: 'renamed' | 'linked' | undefined;
  try {
    const stats = await writePart(connection, part, key, body, options);
    signal?.throwIfAborted();
    // No abort from here on: an answer that nobody waits for could still make the object visible.
    named = await giveName(connection, part.path, root, key, condition !== undefined);
    return infoOf(key, stats);
  } catch (error) {
    throw await explainFailure(connection, root, error, `put of "${key}"`, signal);
  } finally {
    // A part that stays is never listed, and removed a day later.
    if (named !== 'renamed') connection.later(part.discard());
  }
}

async function writePart(
  connection: Connection,
  part: Part,
  key: ObjectKey,
  body: ObjectBody,
  { signal, size }: PutOptions,
): Promise<Stats> {
  const handle = await orAborted(part.handle, signal);
  const writer = new PartWriter(connection, handle);
  try {
    let length = 0;
    for await (const chunk of readBody(body, signal)) {
      length += chunk.length;
      if (size !== undefined && length > size) throw sizeMismatch(key, `more than ${size}`, size);
      await orAborted(writer.append(chunk), signal);
    }
    if (size !== undefined && length !== size) throw sizeMismatch(key, `${length}`, size);
    await orAborted(writer.finish(), signal);
    if (connection.extensions.sync)
      await orAborted(
        connection.request<void>((sftp, reply) => sftp.ext_openssh_fsync(handle, reply)),
        signal,
      );
    const stats = await orAborted(
      connection.request<Stats>((sftp, reply) => sftp.fstat(handle, reply)),
      signal,
    );
    // On a network drive behind the server, closing is where a write can still fail.
    await orAborted(part.close(), signal);
    return stats;
  } finally {
    writer.stop();
  }
}

async function giveName(
  connection: Connection,
  part: string,
  root: string,
  key: ObjectKey,
  onlyIfAbsent: boolean,
): Promise<'renamed' | 'linked'> {
  const path = pathOf(root, key);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.request<void>((sftp, reply) =>
        onlyIfAbsent
          ? sftp.ext_openssh_hardlink(part, path, reply)
          : sftp.ext_openssh_rename(part, path, reply),
      );
      return onlyIfAbsent ? 'linked' : 'renamed';
    } catch (error) {
      // Without a status there was no reply.
      if (statusOf(error) === undefined || attempt === ATTEMPTS) throw error;
      // The reply says no more than "Failure" of a name that is taken.
      const there = await lookAt(connection, path);
      if (there?.isFile() === true && onlyIfAbsent) throw exists(key, error);
      if (there !== undefined && !there.isFile()) throw inTheWay(key, path, error);
      if (!isAbsence(error) && !onlyIfAbsent) throw error;
      for (const folder of foldersOf(root, key)) await makeFolder(connection, folder);
    }
  }
}

function exists(key: ObjectKey, cause?: unknown): TargetError {
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is such an object already`, {
    cause,
  });
}

function inTheWay(key: ObjectKey, path: string, cause: unknown): TargetError {
  return new TargetError('UNSUPPORTED', `put of "${key}": ${path} is there and is not an ordinary file`, {
    hint: 'a folder holds either the object "a" or objects below "a/", not both',
    cause,
  });
}

function sizeMismatch(key: ObjectKey, length: string, size: number): TargetError {
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${length} bytes instead of ${size}`);
}
