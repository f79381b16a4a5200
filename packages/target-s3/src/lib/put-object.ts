import {
  bodyParts,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type PutOptions,
  TargetError,
} from '@quackup/target-api';

import { putInParts } from './put-in-parts.ts';
import type { PutContext } from './put-context.ts';
import { putWhole } from './put-whole.ts';
import { MIB, planParts } from './part-plan.ts';

/**
 * Stores an object: in one request if it is not larger than the first part, else as a multipart upload, of which nothing
 * is visible before it is completed. The body is read one part ahead of what is sent.
 */
export async function putObject(
  context: PutContext,
  key: ObjectKey,
  body: ObjectBody,
  { signal, size, condition }: PutOptions,
): Promise<ObjectInfo> {
  const { partSizeMiB } = context.options;
  const plan = planParts(partSizeMiB === undefined ? undefined : partSizeMiB * MIB, size);
  const checkLength = (length: number): void => {
    if (size !== undefined && length > size) throw sizeMismatch(key, `more than ${size}`, size);
    if (length > plan.maxObjectSize) throw tooLarge(key, plan.maxObjectSize);
  };
  if (size !== undefined && size > plan.maxObjectSize) throw tooLarge(key, plan.maxObjectSize);
  const failure = new AbortController();
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const parts = bodyParts(body, { sizeOf: plan.sizeOf, checkLength, signal: either });
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
    const upload = { key, condition, signal: either, fail: (error: unknown) => failure.abort(error) };
    const etag = await putInParts(context, upload, first.value, source);
    return { key, size: length, modifiedAt: context.now(), ...(etag === undefined ? {} : { etag }) };
  } finally {
    await source.return();
  }
}

function sizeMismatch(key: ObjectKey, length: string, size: number): TargetError {
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${length} bytes instead of ${size}`);
}

function tooLarge(key: ObjectKey, limit: number): TargetError {
  return new TargetError('TOO_LARGE', `put of "${key}": it is larger than ${limit} bytes`, {
    hint: 'leave partSizeMiB out or raise it, if it is set; otherwise back up fewer databases at a time',
  });
}
