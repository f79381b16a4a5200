import { Readable } from 'node:stream';

import type { BlobDownloadResponseParsed } from '@azure/storage-blob';
import {
  type ByteRange,
  type GetOptions,
  isTargetError,
  type ObjectInfo,
  type ObjectKey,
  type ObjectRead,
  TargetError,
} from '@quackup/target-api';

import type { AzureConnection } from './azure-connection.ts';
import { AzureFailure } from './azure-failure.ts';
import { headIfPresent } from './put-context.ts';
import { responseBody } from './response-body.ts';

/**
 * Reads a blob or a range of it in one request: size, etag and bytes are of the version that was current when it came. A
 * range of nothing, or behind the end, needs HEAD instead.
 *
 * @throws TargetError `NOT_FOUND` if there is no such object, `INVALID_RANGE` if the range is not one.
 */
export async function readObject(
  connection: AzureConnection,
  key: ObjectKey,
  { signal, range }: GetOptions,
): Promise<ObjectRead> {
  if (range !== undefined) checkRange(key, range);
  if (range !== undefined && range.start === range.end) return readNothing(connection, key, signal);
  const what = `get of "${key}"`;
  let answer: BlobDownloadResponseParsed;
  try {
    answer = await connection.call({ what, signal }, (container, abortSignal) => {
      const count = range?.end === undefined ? undefined : range.end - range.start;
      // A connection that is cut is core's to see: it reads on from the last byte that came.
      const options = { abortSignal, maxRetryRequests: 0 };
      return container.getBlobClient(connection.nameOf(key)).download(range?.start ?? 0, count, options);
    });
  } catch (error) {
    if (isTargetError(error) && isBehindTheEnd(error)) return readNothing(connection, key, signal);
    throw error;
  }
  const source = answer.readableStreamBody;
  if (!(source instanceof Readable)) throw new TargetError('UNKNOWN', `${what}: the answer has no body`);
  try {
    const { size, length } = lengthsOf(answer, key, range);
    const info = infoOf(key, size, answer.etag, answer.lastModified);
    // Whatever the SDK calls it, a body that does not come to its end was cut on the way.
    const failure = (error: unknown): Error => {
      const known = connection.failure(error, what);
      return known.code === 'UNKNOWN'
        ? new TargetError('UNAVAILABLE', `${connection.place}: ${what}: the connection ended too soon`, {
            cause: known.cause,
            hint: 'check the network and any proxy on the way',
          })
        : known;
    };
    return { info, body: responseBody(source, { what, length, failure, signal }) };
  } catch (error) {
    source.destroy();
    throw error;
  }
}

/** What is known of an object. Lists give etags without quotes, answers with them. */
export function infoOf(key: ObjectKey, size: number, etag?: string, modifiedAt?: Date): ObjectInfo {
  const quoted = etag === undefined || etag.startsWith('"') ? etag : `"${etag}"`;
  return {
    key,
    size,
    modifiedAt: modifiedAt ?? new Date(0),
    ...(quoted === undefined ? {} : { etag: quoted }),
  };
}

function isBehindTheEnd(error: TargetError): boolean {
  const { cause } = error;
  return cause instanceof AzureFailure && (cause.code === 'InvalidRange' || cause.status === 416);
}

async function readNothing(
  connection: AzureConnection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<ObjectRead> {
  const there = await headIfPresent(connection, key, signal);
  if (there === undefined) throw new TargetError('NOT_FOUND', `there is no object "${key}"`);
  return { info: there.info, body: Readable.from([]) };
}

/**
 * The length of the whole blob and of what comes.
 *
 * @throws TargetError `CORRUPT` if it is not what was asked for: a proxy on the way ignores ranges.
 */
function lengthsOf(
  { contentRange, contentLength }: BlobDownloadResponseParsed,
  key: ObjectKey,
  range: ByteRange | undefined,
): { readonly size: number; readonly length: number } {
  const length = contentLength ?? Number.NaN;
  // The SDK asks for no range where that is the whole blob.
  if (range === undefined || (contentRange === undefined && range.start === 0 && range.end === undefined)) {
    if (Number.isSafeInteger(length)) return { size: length, length };
    throw new TargetError('UNKNOWN', `get of "${key}": the answer does not say how long it is`);
  }
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? [];
  const [start, size] = [Number(first), Number(total)];
  const end = Math.min(range.end ?? size, size);
  if (start !== range.start || Number(last) + 1 !== end || length !== end - start) {
    throw new TargetError(
      'CORRUPT',
      `get of "${key}": asked for bytes ${range.start} to ${range.end ?? 'the end'}, got ${contentRange ?? 'all'} with ${length} bytes`,
      { hint: 'look for a proxy or cache on the way that does not know ranges' },
    );
  }
  return { size, length };
}

function checkRange(key: ObjectKey, { start, end = start }: ByteRange): void {
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end) return;
  throw new TargetError('INVALID_RANGE', `get of "${key}": ${start} to ${end} is not a range`);
}
