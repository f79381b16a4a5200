import { type ContainerListBlobFlatSegmentResponse, StorageResponseFormat } from '@azure/storage-blob';
import { type ListOptions, type ObjectInfo, type ObjectKey, TargetError } from '@quackup/target-api';

import type { AzureConnection } from './azure-connection.ts';
import { infoOf } from './read-object.ts';

// The most that Azure gives.
const PAGE_SIZE = 5000;

/**
 * The current versions of all blobs under the prefix whose names are keys, page by page. Versions, snapshots, blobs that
 * were deleted softly and blocks that were never committed do not show. Azure cannot begin in the middle of a list, so
 * what comes before `startAfter` is read and passed over.
 *
 * @throws TargetError `UNSUPPORTED` if the service does not list in the order of names (some accounts with a hierarchical
 *   namespace do not).
 */
export async function* listObjects(
  connection: AzureConnection,
  { signal, prefix = '', startAfter = '' }: ListOptions,
): AsyncGenerator<ObjectInfo, void> {
  let token: string | undefined;
  let last = '';
  do {
    const page = await readPage(connection, connection.prefix + prefix, token, signal);
    for (const { name, properties, metadata } of page.segment.blobItems) {
      signal?.throwIfAborted();
      const key = connection.keyOf(name);
      // With a hierarchical namespace folders are listed as well.
      if (key === undefined || metadata?.hdi_isfolder === 'true') continue;
      if (key <= last) throw outOfOrder(connection, key, last);
      last = key;
      if (key.startsWith(prefix) && key > startAfter)
        yield infoOf(key, properties.contentLength ?? 0, properties.etag, properties.lastModified);
    }
    token = page.continuationToken === '' ? undefined : page.continuationToken;
  } while (token !== undefined);
  signal?.throwIfAborted();
}

/** One page; it may be empty although more follow. */
async function readPage(
  connection: AzureConnection,
  prefix: string,
  continuationToken: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ContainerListBlobFlatSegmentResponse> {
  return connection.call({ what: 'list', signal }, async (container, abortSignal) => {
    const pages = container
      .listBlobsFlat({
        prefix,
        abortSignal,
        includeMetadata: true,
        responseFormat: StorageResponseFormat.Xml,
      })
      .byPage({
        maxPageSize: PAGE_SIZE,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      });
    const { value } = await pages.next();
    // Its type says any.
    return value as ContainerListBlobFlatSegmentResponse;
  });
}

function outOfOrder({ place }: AzureConnection, key: ObjectKey, last: string): TargetError {
  const text = `${place}: list: "${key}" came after "${last}"; the service does not list in the order of names`;
  return new TargetError('UNSUPPORTED', text, {
    hint: 'use an account without a hierarchical namespace',
  });
}
