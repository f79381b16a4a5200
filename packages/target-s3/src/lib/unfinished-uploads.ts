import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import type { UnfinishedUpload as ContractUpload } from '@quackup/target-api';

import type { S3Connection } from './s3-connection.ts';
import { s3CodeOf } from './s3-failure.ts';

/** A multipart upload that was begun under the prefix and neither completed nor aborted. Its parts are stored, and paid for. */
export interface UnfinishedUpload extends ContractUpload {
  readonly uploadId: string;
}

// An upload that goes on sends a part now and then. A wide margin for slow lines and clocks that differ.
const STALE_MS = 24 * 3_600_000;

/** All unfinished uploads of keys under the prefix. Those of foreign names do not show. */
export async function* listUnfinishedUploads(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): AsyncGenerator<UnfinishedUpload, void> {
  const request = { what: 'list unfinished uploads', action: 's3:ListBucketMultipartUploads', signal };
  let from: UploadMarker | undefined = {};
  while (from !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await connection.call(request, (s3, options) =>
      s3.listMultipartUploads({ Bucket: connection.bucket, Prefix: connection.prefix, ...from }, options),
    );
    for (const { Key = '', UploadId, Initiated } of page.Uploads ?? []) {
      const key = connection.keyOf(Key);
      if (key !== undefined && UploadId !== undefined && Initiated !== undefined)
        yield { key, uploadId: UploadId, initiatedAt: Initiated };
    }
    from = nextMarker(page, from);
  }
}

interface UploadMarker {
  readonly KeyMarker?: string;
  readonly UploadIdMarker?: string;
}

/** Where the list goes on; undefined at its end, and if the service gives the same place again. */
function nextMarker(page: ListMultipartUploadsCommandOutput, from: UploadMarker): UploadMarker | undefined {
  const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
  if (IsTruncated !== true || NextKeyMarker === undefined) return undefined;
  if (NextKeyMarker === from.KeyMarker && NextUploadIdMarker === from.UploadIdMarker) return undefined;
  return {
    KeyMarker: NextKeyMarker,
    ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
  };
}

/**
 * Aborts the uploads that were begun more than a day before `now` and have got no part since then.
 *
 * @returns Those that were aborted.
 */
export async function removeStaleUploads(
  connection: S3Connection,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<readonly UnfinishedUpload[]> {
  const oldest = now.getTime() - STALE_MS;
  const removed: UnfinishedUpload[] = [];
  for await (const upload of listUnfinishedUploads(connection, signal)) {
    if (upload.initiatedAt.getTime() >= oldest) continue;
    try {
      if ((await lastPartAt(connection, upload, signal)) >= oldest) continue;
      await abortUpload(connection, upload, signal);
      removed.push(upload);
    } catch (error) {
      // Completed or aborted by its owner meanwhile.
      if (s3CodeOf(error) !== 'NoSuchUpload') throw error;
    }
  }
  return removed;
}

/** When the newest part came, in milliseconds since 1970; 0 if there is none. */
async function lastPartAt(
  connection: S3Connection,
  { key, uploadId }: UnfinishedUpload,
  signal: AbortSignal | undefined,
): Promise<number> {
  const request = {
    what: `list the parts of "${key}"`,
    action: 's3:ListMultipartUploadParts',
    signal,
  };
  let newest = 0;
  let marker: string | undefined;
  do {
    const page = await connection.call(request, (s3, options) =>
      s3.listParts(
        {
          Bucket: connection.bucket,
          Key: connection.nameOf(key),
          UploadId: uploadId,
          ...(marker === undefined ? {} : { PartNumberMarker: marker }),
        },
        options,
      ),
    );
    for (const { LastModified } of page.Parts ?? []) newest = Math.max(newest, LastModified?.getTime() ?? 0);
    const next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
    marker = next === marker ? undefined : next;
  } while (marker !== undefined);
  return newest;
}

async function abortUpload(
  connection: S3Connection,
  { key, uploadId }: UnfinishedUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  const request = {
    what: `abort the upload of "${key}"`,
    action: 's3:AbortMultipartUpload',
    signal,
  };
  await connection.call(request, (s3, options) =>
    s3.abortMultipartUpload(
      { Bucket: connection.bucket, Key: connection.nameOf(key), UploadId: uploadId },
      options,
    ),
  );
}
