import {
  bodyParts,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type PutOptions,
  TargetError,
} from '@quackup/target-api';

import { MIB } from './gcs-options.ts';
import { putChunks } from './put-chunks.ts';
import type { PutContext } from './put-context.ts';
import { putWhole } from './put-whole.ts';

/** "Quotas and limits" of Cloud Storage. */
export const MAX_OBJECT_SIZE: number = 5 * 1024 * 1024 * MIB;

// Twice the least that Google advises. A multiple of 256 KiB, as all chunks but the last must be.
const CHUNK_SIZE_MIB = 16;

/**
 * Stores an object: in one request if it is not larger than a chunk, else as a resumable upload, of which nothing is
 * visible before its end. The body is read one chunk ahead of what is sent.
 */
export async function putObject(
  context: PutContext,
  key: ObjectKey,
  body: ObjectBody,
  { signal, size, condition }: PutOptions,
): Promise<ObjectInfo> {
  const chunkSize = (context.options.chunkSizeMiB ?? CHUNK_SIZE_MIB) * MIB;
  const checkLength = (length: number): void => {
    if (size !== undefined && length > size) throw sizeMismatch(key, `more than ${size}`, size);
    if (length > MAX_OBJECT_SIZE) throw tooLarge(key);
  };
  if (size !== undefined && size > MAX_OBJECT_SIZE) throw tooLarge(key);
  const failure = new AbortController();
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const parts = bodyParts(body, { sizeOf: () => chunkSize, checkLength, signal: either });
  let length = 0;
  const checked = async function* (): typeof parts {
    for await (const part of parts) {
      length += part.bytes.length;
      if (part.last && size !== undefined && length !== size) throw sizeMismatch(key, `${length}`, size);
      yield part;
    }
  };
  const source = checked();
  try {
    const first = await source.next();
    if (first.done === true) throw new TypeError('a body has at least one part');
    if (first.value.last) return await putWhole(context, key, first.value.bytes, condition, either);
    const fail = (error: unknown): void => failure.abort(error);
    const put = { key, condition, callerSignal: signal, signal: either, fail };
    return await putChunks(context, put, first.value, source);
  } finally {
    await source.return();
  }
}

function sizeMismatch(key: ObjectKey, length: string, size: number): TargetError {
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${length} bytes instead of ${size}`);
}

function tooLarge(key: ObjectKey): TargetError {
  return new TargetError('TOO_LARGE', `put of "${key}": it is larger than ${MAX_OBJECT_SIZE} bytes`, {
    hint: 'back up fewer databases at a time',
  });
}
