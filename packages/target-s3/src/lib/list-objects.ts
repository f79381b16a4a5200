import { type ListOptions, type ObjectInfo, TargetError } from '@quackup/target-api';

import { infoOf } from './read-object.ts';
import type { S3Connection } from './s3-connection.ts';

/**
 * The current versions of all objects under the prefix whose names are keys, page by page of up to 1,000. Versions that
 * were replaced or deleted do not show.
 *
 * @throws TargetError `UNSUPPORTED` if the service does not list in the order of names (directory buckets of S3 Express).
 */
export async function* listObjects(
  connection: S3Connection,
  { signal, prefix = '', startAfter = '' }: ListOptions,
): AsyncGenerator<ObjectInfo, void> {
  const request = { what: 'list', action: 's3:ListBucket', signal };
  let token: string | undefined;
  let last = '';
  do {
    const page = await connection.call(request, (s3, options) =>
      s3.listObjectsV2(
        {
          Bucket: connection.bucket,
          Prefix: connection.prefix + prefix,
          // Foreign names may hold what XML cannot.
          EncodingType: 'url',
          ...(startAfter === '' ? {} : { StartAfter: connection.prefix + startAfter }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        },
        options,
      ),
    );
    for (const { Key = '', Size = 0, ETag, LastModified } of page.Contents ?? []) {
      signal?.throwIfAborted();
      const key = connection.keyOf(page.EncodingType === 'url' ? decode(Key) : Key);
      if (key === undefined) continue;
      if (key <= last) throw outOfOrder(connection, key, last);
      last = key;
      // A service that does not know `start-after` gives everything.
      if (key.startsWith(prefix) && key > startAfter) yield infoOf(key, Size, ETag, LastModified);
    }
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (page.IsTruncated === true && (next === undefined || next === token)) {
      throw new TargetError(
        'UNKNOWN',
        `${connection.place}: list: the service does not say how the list goes on`,
      );
    }
    token = next;
  } while (token !== undefined);
  signal?.throwIfAborted();
}

/** As in forms: a space may be `+`. Names that are not encoded well are none of ours. */
function decode(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return '';
  }
}

function outOfOrder({ place }: S3Connection, key: string, last: string): TargetError {
  return new TargetError('UNSUPPORTED', `${place}: list: "${key}" comes after "${last}"`, {
    hint: 'use a general purpose bucket: directory buckets list in no order',
  });
}
