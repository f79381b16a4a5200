import { Readable } from 'node:stream';

import {
  type ByteRange,
  type GetOptions,
  type ObjectKey,
  type ObjectRead,
  TargetError,
} from '@quackup/target-api';
import type { Stats } from 'ssh2';

import type { Connection } from './connection.ts';
import { orAborted } from './or-aborted.ts';
import { checkRoot, infoOf, lookAt, pathOf } from './place.ts';
import { isAbsence, toTargetError } from './sftp-error.ts';

// So many requests are under way at once, which hides the time that a reply takes.
const BLOCK_SIZE = 131_072;
const BLOCKS_AT_ONCE = 16;

/**
 * Opens an object and reads a range of it. The handle stays with the file that was opened, whatever becomes of the name.
 *
 * @throws TargetError `NOT_FOUND`, `INVALID_RANGE`; on the body `CORRUPT` if the file has become shorter.
 */
export async function readObject(
  connection: Connection,
  root: string,
  key: ObjectKey,
  { signal, range }: GetOptions,
): Promise<ObjectRead> {
  if (range !== undefined) checkRange(key, range);
  const opening = openObject(connection, root, key);
  try {
    const { handle, stats } = await orAborted(opening, signal);
    const end = Math.min(range?.end ?? stats.size, stats.size);
    const start = Math.min(range?.start ?? 0, end);
    return { info: infoOf(key, stats), body: bodyOf(connection, handle, key, { start, end }, signal) };
  } catch (error) {
    // If it was only left it is opened all the same.
    connection.later(opening.then(({ handle }) => close(connection, handle)));
    if (signal?.aborted === true && error === signal.reason) throw error;
    throw toTargetError(error, `get of "${key}"`);
  }
}

interface OpenObject {
  readonly handle: Buffer;
  readonly stats: Stats;
}

async function openObject(connection: Connection, root: string, key: ObjectKey): Promise<OpenObject> {
  const path = pathOf(root, key);
  let handle: Buffer;
  try {
    handle = await connection.request<Buffer>((sftp, reply) => sftp.open(path, 'r', reply));
  } catch (error) {
    if (!isAbsence(error)) throw error;
    await checkRoot(connection, root);
    throw notFound(key, error);
  }
  try {
    // The first follows links and the second does not: neither a folder nor a link is an object.
    const [stats, named] = await Promise.all([
      connection.request<Stats>((sftp, reply) => sftp.fstat(handle, reply)),
      lookAt(connection, path),
    ]);
    if (!stats.isFile() || named?.isSymbolicLink() === true) throw notFound(key);
    return { handle, stats };
  } catch (error) {
    connection.later(close(connection, handle));
    throw error;
  }
}

function bodyOf(
  connection: Connection,
  handle: Buffer,
  key: ObjectKey,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal | undefined,
): Readable {
  const queue: Promise<Buffer>[] = [];
  const underWay = new Set<Promise<Buffer>>();
  let position = start;
  const next = async (): Promise<Buffer | null> => {
    while (queue.length < BLOCKS_AT_ONCE && position < end) {
      const length = Math.min(BLOCK_SIZE, end - position);
      const block = readBlock(connection, handle, key, position, length);
      const settled = (): void => void underWay.delete(block);
      block.then(settled, settled);
      underWay.add(block);
      queue.push(block);
      position += length;
    }
    return (await queue.shift()) ?? null;
  };
  const closeAfter = async (reads: Iterable<Promise<unknown>>): Promise<void> => {
    await Promise.allSettled(reads);
    await close(connection, handle);
  };
  const body = new Readable({
    highWaterMark: BLOCK_SIZE,
    read() {
      next().then(
        (block) => this.push(block),
        (error: unknown) => this.destroy(toTargetError(error, `get of "${key}"`)),
      );
    },
    destroy(error, done) {
      connection.later(closeAfter(underWay));
      done(error);
    },
  });
  const onAbort = (): void => {
    // Streams pass on whatever they are destroyed with.
    body.destroy(signal?.reason as Error);
  };
  signal?.addEventListener('abort', onAbort);
  body.once('close', () => signal?.removeEventListener('abort', onAbort));
  return body;
}

/** A server may give less than it was asked for. */
async function readBlock(
  connection: Connection,
  handle: Buffer,
  key: ObjectKey,
  position: number,
  length: number,
): Promise<Buffer> {
  const block = Buffer.allocUnsafeSlow(length);
  for (let filled = 0; filled < length;) {
    const count = await connection.request<number>((sftp, reply) =>
      sftp.read(handle, block, filled, length - filled, position + filled, reply),
    );
    if (count === 0) {
      throw new TargetError(
        'CORRUPT',
        `"${key}" ends at ${position + filled}, it was longer when it was opened`,
      );
    }
    filled += count;
  }
  return block;
}

function close(connection: Connection, handle: Buffer): Promise<void> {
  return connection.request<void>((sftp, reply) => sftp.close(handle, reply));
}

function notFound(key: ObjectKey, cause?: unknown): TargetError {
  return new TargetError('NOT_FOUND', `there is no object "${key}"`, { cause });
}

function checkRange(key: ObjectKey, { start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new TargetError('INVALID_RANGE', `get of "${key}": ${start} to ${end} is not a range`);
}
