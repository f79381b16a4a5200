import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { callbackify } from 'node:util';

import { type ObjectKey, TargetError } from '@quackup/target-api';

import { toTargetError } from './errno-error.ts';

// Few calls for large objects; one buffer of this size is in memory at a time, and one more with the reader.
const CHUNK_SIZE = 262_144;

/**
 * The bytes `start` to `end` of an open file, which is closed at the end of the stream. The descriptor stays with the
 * version that was opened, whatever becomes of the name.
 *
 * Fails with `CORRUPT` if the file is shorter than it was when it was opened: objects are never written in place.
 */
export function fileBody(
  handle: FileHandle,
  key: ObjectKey,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal | undefined,
): Readable {
  let position = start;
  const next = async (): Promise<Buffer | null> => {
    if (position >= end) return null;
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_SIZE, end - position));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) throw new TargetError('CORRUPT', `"${key}" ends at ${position} instead of ${end}`);
    position += bytesRead;
    return buffer.subarray(0, bytesRead);
  };
  const body = new Readable({
    highWaterMark: CHUNK_SIZE,
    read() {
      next().then(
        (chunk) => this.push(chunk),
        (error: unknown) => this.destroy(toTargetError(error, `read "${key}"`)),
      );
    },
    destroy(error, done) {
      // Waits for a read that is under way.
      callbackify(() => handle.close())((failure: unknown) => {
        done(error ?? (failure === null ? null : toTargetError(failure, `close "${key}"`)));
      });
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
