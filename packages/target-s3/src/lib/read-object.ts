import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import {
  type ByteRange,
  type GetOptions,
  isTargetError,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  TargetError,
} from '@quackup/target-api';
import { Readable } from 'node:stream';

import { headIfPresent } from './put-context.ts';
import { responseBody } from './response-body.ts';
import type { S3Connection } from './s3-connection.ts';
import { S3Failure } from './s3-failure.ts';

/**
 * Reads an object or a range of it in one request: size, etag and bytes are of the version that was current when it
 * came. A range of nothing, or behind the end, needs HEAD instead.
 *
 * @throws TargetError `NOT_FOUND` if there is no such object, `INVALID_RANGE` if the range is not one.
 */
export async function readObject(
  connection: S3Connection,
  key: ObjectKey,
  { signal, range }: GetOptions,
): Promise<ObjectRead> {
  if (range !== undefined) checkRange(key, range);
  if (range !== undefined && range.start === range.end) return readNothing(connection, key, signal);
  const request = { what: `get of "${key}"`, action: 's3:GetObject and s3:ListBucket', signal };
  let answer: GetObjectCommandOutput;
  try {
    answer = await connection.call(request, (s3, options) =>
      s3.getObject(
        {
          Bucket: connection.bucket,
          Key: connection.nameOf(key),
          ...(range === undefined ? {} : { Range: rangeHeader(range) }),
        },
        options,
      ),
    );
  } catch (error) {
    if (isTargetError(error) && isBehindTheEnd(error)) return readNothing(connection, key, signal);
    throw error;
  }
  const source = answer.Body;
  if (!(source instanceof Readable))
    throw new TargetError('UNKNOWN', `${request.what}: the answer has no body`);
  try {
    const { size, length } = lengthsOf(answer, key, range);
    const info = infoOf(key, size, answer.ETag, answer.LastModified);
    const failure = (error: unknown): Error => connection.failure(error, request.what, request.action);
    return { info, body: responseBody(source, { what: request.what, length, failure, signal }) };
  } catch (error) {
    source.destroy();
    throw error;
  }
}

/** What is known of an object. */
export function infoOf(
  key: ObjectKey,
  size: number,
  etag: string | undefined,
  modifiedAt: Date | undefined,
): ObjectInfo {
  return { key, size, modifiedAt: modifiedAt ?? new Date(0), ...(etag === undefined ? {} : { etag }) };
}

/** `bytes=a-b`, both inclusive: RFC 9110, 14.1.2. */
function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

function isBehindTheEnd(error: TargetError): boolean {
  const { cause } = error;
  return cause instanceof S3Failure && (cause.code === 'InvalidRange' || cause.status === 416);
}

async function readNothing(
  connection: S3Connection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<ObjectRead> {
  const there = await headIfPresent(connection, key, signal);
  if (there === undefined) throw new TargetError('NOT_FOUND', `there is no object "${key}"`);
  return { info: infoOf(key, there.size, there.etag, there.modifiedAt), body: Readable.from([]) };
}

/**
 * The length of the whole object and of what comes.
 *
 * @throws TargetError `CORRUPT` if it is not what was asked for: the service, or a proxy on the way, ignores ranges.
 */
function lengthsOf(
  { ContentRange, ContentLength }: GetObjectCommandOutput,
  key: ObjectKey,
  range: ByteRange | undefined,
): { readonly size: number; readonly length: number } {
  const length = ContentLength ?? Number.NaN;
  if (range === undefined) {
    if (Number.isSafeInteger(length)) return { size: length, length };
    throw new TargetError('UNKNOWN', `get of "${key}": the answer does not say how long it is`);
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? [];
  const [start, size] = [Number(first), Number(total)];
  const end = Math.min(range.end ?? size, size);
  if (start !== range.start || Number(last) + 1 !== end || length !== end - start) {
    throw new TargetError(
      'CORRUPT',
      `get of "${key}": asked for bytes ${range.start} to ${range.end ?? 'the end'}, got ${ContentRange ?? 'all'} with ${length} bytes`,
      { hint: 'look for a proxy or cache on the way that does not know ranges' },
    );
  }
  return { size, length };
}

function checkRange(key: ObjectKey, { start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new TargetError('INVALID_RANGE', `get of "${key}": ${start} to ${end} is not a range`);
}
