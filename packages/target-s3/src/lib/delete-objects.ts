import { isTargetError, type ObjectKey } from '@quackup/target-api';

import type { S3Connection } from './s3-connection.ts';

// As S3 has it.
const KEYS_AT_ONCE = 1000;

/** Removes an object. In a bucket with versions S3 puts a delete marker on top; what is below stays. */
export async function deleteObject(
  connection: S3Connection,
  key: ObjectKey,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { what: `delete of "${key}"`, action: 's3:DeleteObject', signal };
  try {
    await connection.call(request, (s3, options) =>
      s3.deleteObject({ Bucket: connection.bucket, Key: connection.nameOf(key) }, options),
    );
  } catch (error) {
    // S3 itself says 204; some services say that there was nothing.
    if (!isTargetError(error) || error.code !== 'NOT_FOUND') throw error;
  }
}

/** Removes objects, 1,000 in a request; one by one where the service refuses that request. */
export async function deleteObjects(
  connection: S3Connection,
  keys: readonly ObjectKey[],
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
    const some = keys.slice(start, start + KEYS_AT_ONCE);
    try {
      await deleteSome(connection, some, signal);
    } catch (error) {
      if (!isTargetError(error) || !UNKNOWN_REQUEST.has(error.code)) throw error;
      for (const key of some) await deleteObject(connection, key, signal);
    }
  }
}

// Google has no such request, and some services want another checksum with it.
const UNKNOWN_REQUEST = new Set(['UNSUPPORTED', 'UNKNOWN']);

async function deleteSome(
  connection: S3Connection,
  keys: readonly ObjectKey[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = { what: `delete of ${keys.length} objects`, action: 's3:DeleteObject', signal };
  const { Errors = [] } = await connection.call(request, (s3, options) =>
    s3.deleteObjects(
      {
        Bucket: connection.bucket,
        Delete: { Quiet: true, Objects: keys.map((key) => ({ Key: connection.nameOf(key) })) },
      },
      options,
    ),
  );
  const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
  if (failed === undefined) return;
  const { Key = '', Code = 'Unknown', Message = Code } = failed;
  const error = { code: Code, message: Message, $metadata: { httpStatusCode: statusOf(Code) } };
  throw connection.failure(error, `delete of "${Key.slice(connection.prefix.length)}"`, request.action);
}

/** The status that the error has where it stands alone; here it comes inside of a 200. */
function statusOf(code: string): number {
  return code === 'AccessDenied' ? 403 : 500;
}
