import {
  bodyParts,
  type ObjectBody,
  type ObjectInfo,
  type ObjectKey,
  type PutOptions,
  TargetError,
} from '@quackup/target-api';

import { MIB, planBlocks } from './block-plan.ts';
import { putBlocks } from './put-blocks.ts';
import type { PutContext } from './put-context.ts';
import { putWhole } from './put-whole.ts';

/**
 * Stores an object: in one request if it is not larger than the first block, else in blocks, of which nothing is visible
 * before they are committed. The body is read one block ahead of what is sent.
 */
export async function putObject(
  context: PutContext,
  key: ObjectKey,
  body: ObjectBody,
  { signal, size, condition }: PutOptions,
): Promise<ObjectInfo> {
  const { blockSizeMiB } = context.options;
  const plan = planBlocks(blockSizeMiB === undefined ? undefined : blockSizeMiB * MIB, size);
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
    const put = { key, condition, signal: either, fail: (error: unknown) => failure.abort(error) };
    return await putBlocks(context, put, first.value, source);
  } finally {
    await source.return();
  }
}

function sizeMismatch(key: ObjectKey, length: string, size: number): TargetError {
  return new TargetError('SIZE_MISMATCH', `put of "${key}": the body has ${length} bytes instead of ${size}`);
}

function tooLarge(key: ObjectKey, limit: number): TargetError {
  return new TargetError('TOO_LARGE', `put of "${key}": it is larger than ${limit} bytes`, {
    hint: 'leave blockSizeMiB out or raise it, if it is set; otherwise back up fewer databases at a time',
  });
}
