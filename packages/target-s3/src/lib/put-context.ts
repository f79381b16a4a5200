import { randomUUID } from 'node:crypto';

import { isTargetError, type ObjectKey, type PutCondition, TargetError } from '@quackup/target-api';

import type { S3Connection } from './s3-connection.ts';
import type { S3Options } from './s3-options.ts';

/** What puts of one target have in common. */
export interface PutContext {
  readonly connection: S3Connection;
  readonly options: S3Options;
  readonly now: () => Date;
  readonly retryMs: number;
  /** Takes over what must be done after a put has failed, with nobody waiting for it but `close`. */
  readonly cleanUp: (work: Promise<void>) => Promise<void>;
}

/** Who wrote an object: given with it as `x-amz-meta-quackup-put`, so that a put whose answer was lost knows its own. */
export const PUT_ID = 'quackup-put';

export function newPutId(): string {
  return randomUUID();
}

/** What HEAD tells of an object. */
export interface HeadInfo {
  readonly size: number;
  readonly etag: string | undefined;
  readonly modifiedAt: Date;
  readonly putId: string | undefined;
}

/** @throws TargetError `NOT_FOUND` if there is no such object, or no such bucket: see {@link S3Connection.askBucket}. */
export async function head(
  connection: S3Connection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<HeadInfo> {
  const request = { what: `look for "${key}"`, action: 's3:GetObject and s3:ListBucket', signal };
  const { ContentLength, ETag, LastModified, Metadata } = await connection.call(request, (s3, options) =>
    s3.headObject({ Bucket: connection.bucket, Key: connection.nameOf(key) }, options),
  );
  return {
    size: ContentLength ?? 0,
    etag: ETag,
    modifiedAt: LastModified ?? new Date(0),
    putId: Metadata?.[PUT_ID],
  };
}

// An answer to HEAD has no body: a wrong key, an expired token and a wrong clock are all a bare 400 or 403.
const BARE = new Set(['ACCESS_DENIED', 'UNKNOWN']);

/**
 * What is there under a key, or undefined.
 *
 * @throws TargetError `CONTAINER_NOT_FOUND` if the bucket is not there; whatever else goes wrong, as a request with an
 *   answer in words has it.
 */
export async function headIfPresent(
  connection: S3Connection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<HeadInfo | undefined> {
  try {
    return await head(connection, key, signal);
  } catch (error) {
    if (!isTargetError(error)) throw error;
    if (BARE.has(error.code)) await connection.askBucket(signal);
    if (error.code !== 'NOT_FOUND') throw error;
    if (!connection.bucketSeen) await connection.askBucket(signal);
    return undefined;
  }
}

/** Headers for a condition. */
export function conditionHeaders(condition: PutCondition | undefined): {
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
} {
  if (condition === undefined) return {};
  return condition.type === 'if-absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag };
}

/** The same error, but where the object that an if-match is about is not there the condition does not hold. */
export function withCondition(error: unknown, key: ObjectKey, condition: PutCondition | undefined): unknown {
  if (condition?.type !== 'if-match' || !isTargetError(error) || error.code !== 'NOT_FOUND') return error;
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is no such object`, { cause: error });
}
