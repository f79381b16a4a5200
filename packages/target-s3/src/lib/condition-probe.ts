// Whether a service knows If-None-Match cannot be seen before it has ignored it. So it is asked, once when a target is
// opened, with an object of its own below the prefix, whose name is no key, so that it never shows:
//
//   <prefix>.quackup/conditional-put     a line of text; stays there
//
//   1. put it if absent                        412: known        200: it was not there, so
//   1b. put it if absent again                 412: known        200: ignored
//   2. begin a multipart upload of it, send a part, complete it if absent
//                                              412: known        200: ignored (and the line is written anew)
import { isTargetError, type TargetError } from '@quackup/target-api';

import type { S3Connection } from './s3-connection.ts';
import { S3Failure } from './s3-failure.ts';

const NAME = '.quackup/conditional-put';
const TEXT = Buffer.from('Quackup asks with this object whether the service knows conditional requests.\n');

// Whoever may not write needs no conditions; and a service that calls the header a mistake does not know it.
const ANSWERS_NO = new Set(['ACCESS_DENIED', 'READ_ONLY', 'UNSUPPORTED', 'NOT_FOUND']);

/**
 * Whether a put with If-None-Match has exactly one winner, also at the end of a multipart upload.
 *
 * @throws TargetError if the service cannot be reached or used at all.
 */
export async function knowsIfAbsent(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const known =
      (await refusesToReplace(connection, signal)) || (await refusesToReplace(connection, signal));
    return known && (await refusesToComplete(connection, signal));
  } catch (error) {
    if (isTargetError(error) && (ANSWERS_NO.has(error.code) || isUnknownRefusal(error))) return false;
    throw error;
  }
}

function isUnknownRefusal({ code, cause }: TargetError): boolean {
  const { status = 0 } = cause instanceof S3Failure ? cause : {};
  return code === 'UNKNOWN' && status >= 400 && status < 500;
}

async function refusesToReplace(connection: S3Connection, signal: AbortSignal | undefined): Promise<boolean> {
  return refuses(
    connection.call({ what: 'put if absent', action: 's3:PutObject', signal }, (s3, options) =>
      s3.putObject({ ...placeOf(connection), Body: TEXT, IfNoneMatch: '*' }, options),
    ),
  );
}

async function refusesToComplete(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const place = placeOf(connection);
  const request = { what: 'put if absent in parts', action: 's3:PutObject', signal };
  const { UploadId } = await connection.call(request, (s3, options) =>
    s3.createMultipartUpload(place, options),
  );
  const upload = { ...place, UploadId };
  let refused = true;
  try {
    const { ETag } = await connection.call(request, (s3, options) =>
      s3.uploadPart({ ...upload, PartNumber: 1, Body: TEXT }, options),
    );
    refused = await refuses(
      connection.call(request, (s3, options) =>
        s3.completeMultipartUpload(
          { ...upload, IfNoneMatch: '*', MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } },
          options,
        ),
      ),
    );
    return refused;
  } finally {
    if (refused) {
      await connection.call({ ...request, action: 's3:AbortMultipartUpload' }, (s3, options) =>
        s3.abortMultipartUpload(upload, options),
      );
    }
  }
}

/** Whether a request fails because its condition does not hold. */
async function refuses(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (isTargetError(error) && error.code === 'PRECONDITION_FAILED') return true;
    throw error;
  }
}

function placeOf({ bucket, prefix }: S3Connection): { readonly Bucket: string; readonly Key: string } {
  return { Bucket: bucket, Key: prefix + NAME };
}
