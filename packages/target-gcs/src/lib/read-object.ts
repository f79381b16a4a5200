import { Readable } from 'node:stream';

import {
  type ByteRange,
  type GetOptions,
  isTargetError,
  type ObjectKey,
  type ObjectRead,
  TargetError,
} from '@quackup/target-api';

import type { GcsConnection, StreamAnswer } from './gcs-connection.ts';
import { statusOf } from './gcs-failure.ts';
import { dateOf, infoOf } from './object-resource.ts';
import { headIfPresent } from './put-context.ts';
import { responseBody } from './response-body.ts';

/**
 * Reads an object or a range of it in one request: size, generation and bytes are of the one that was live when it came.
 * A range of nothing, or behind the end, needs a second one, for the metadata.
 *
 * @throws TargetError `NOT_FOUND` if there is no such object, `INVALID_RANGE` if the range is not one.
 */
export async function readObject(
  connection: GcsConnection,
  key: ObjectKey,
  { signal, range }: GetOptions,
): Promise<ObjectRead> {
  if (range !== undefined) checkRange(key, range);
  if (range !== undefined && range.start === range.end) return readNothing(connection, key, signal);
  const what = `get of "${key}"`;
  let answer: StreamAnswer;
  try {
    answer = await connection.open({
      what,
      signal,
      url: connection.pathOf(key),
      query: { alt: 'media' },
      headers: range === undefined ? {} : { range: rangeHeader(range) },
    });
  } catch (error) {
    if (isTargetError(error) && statusOf(error) === 416) return readNothing(connection, key, signal);
    throw error;
  }
  try {
    const { size, length } = lengthsOf(answer, key, range);
    const generation = answer.headers.get('x-goog-generation');
    if (generation === null)
      throw new TargetError('UNKNOWN', `${what}: the answer does not say of which generation`);
    const info = infoOf(key, { size, generation, updated: dateOf(answer.headers.get('last-modified')) });
    // Whatever the library calls it, a body that does not come to its end was cut on the way.
    const failure = (error: unknown): Error => {
      const known = connection.failure(error, what);
      return known.code === 'UNKNOWN' ? cutOff(`${connection.place}: ${what}`, known) : known;
    };
    return { info, body: responseBody(answer.body, { what, length, failure, signal }) };
  } catch (error) {
    answer.body.destroy();
    throw error;
  }
}

function cutOff(what: string, { cause }: TargetError): TargetError {
  return new TargetError('UNAVAILABLE', `${what}: the connection ended too soon`, {
    cause,
    hint: 'check the network and any proxy on the way',
  });
}

/** `bytes=a-b`, both inclusive: RFC 9110, 14.1.2. */
function rangeHeader({ start, end }: ByteRange): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

async function readNothing(
  connection: GcsConnection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<ObjectRead> {
  const there = await headIfPresent(connection, key, signal);
  if (there === undefined) throw new TargetError('NOT_FOUND', `there is no object "${key}"`);
  return { info: infoOf(key, there), body: Readable.from([]) };
}

/**
 * The length of the whole object and of what comes.
 *
 * @throws TargetError `CORRUPT` if it is not what was asked for: a proxy on the way ignores ranges.
 */
function lengthsOf(
  { headers }: StreamAnswer,
  key: ObjectKey,
  range: ByteRange | undefined,
): { readonly size: number; readonly length: number } {
  const length = Number(headers.get('content-length') ?? Number.NaN);
  if (range === undefined) {
    if (Number.isSafeInteger(length)) return { size: length, length };
    throw new TargetError('UNKNOWN', `get of "${key}": the answer does not say how long it is`);
  }
  const contentRange = headers.get('content-range');
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
