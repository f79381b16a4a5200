import { randomUUID } from 'node:crypto';

import type { BlobRequestConditions } from '@azure/storage-blob';
import {
  isTargetError,
  type ObjectInfo,
  type ObjectKey,
  type PutCondition,
  TargetError,
} from '@quackup/target-api';

import type { AzureConnection } from './azure-connection.ts';
import type { AzureOptions } from './azure-options.ts';
import { infoOf } from './read-object.ts';

/** What puts of one target have in common. */
export interface PutContext {
  readonly connection: AzureConnection;
  readonly options: AzureOptions;
  readonly retryMs: number;
}

/** Who wrote a blob: a name of its metadata, so that a put whose answer was lost knows its own. */
export const PUT_ID = 'quackup_put';

export function newPutId(): string {
  return randomUUID();
}

/** What is known of a blob, and who wrote it. */
export interface HeadInfo {
  readonly info: ObjectInfo;
  readonly putId: string | undefined;
}

/**
 * What is there under a key, or undefined.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND` if the container is not there.
 */
export async function headIfPresent(
  connection: AzureConnection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<HeadInfo | undefined> {
  try {
    const there = await connection.call({ what: `look for "${key}"`, signal }, (container, abortSignal) =>
      container.getBlobClient(connection.nameOf(key)).getProperties({ abortSignal }),
    );
    const { contentLength = 0, etag, lastModified, metadata } = there;
    return { info: infoOf(key, contentLength, etag, lastModified), putId: metadata?.[PUT_ID] };
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** What the SDK is given for a condition. */
export function conditionsOf(condition: PutCondition | undefined): BlobRequestConditions {
  if (condition === undefined) return {};
  return condition.type === 'if-absent' ? { ifNoneMatch: '*' } : { ifMatch: condition.etag };
}

/** The same error, but where the object that an if-match is about is not there the condition does not hold. */
export function withCondition(error: unknown, key: ObjectKey, condition: PutCondition | undefined): unknown {
  if (condition?.type !== 'if-match' || !isTargetError(error) || error.code !== 'NOT_FOUND') return error;
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is no such object`, { cause: error });
}

/** The if-absent does not hold. */
export function alreadyThere(key: ObjectKey, cause?: unknown): TargetError {
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is such an object already`, {
    cause,
  });
}
