import { type ListOptions, type ObjectInfo, TargetError } from '@quackup/target-api';

import type { GcsConnection } from './gcs-connection.ts';
import { infoOf, type ObjectResource, parseJson, parseResource } from './object-resource.ts';

/**
 * The live generations of all objects under the prefix whose names are keys, page by page of up to 1,000. Generations that
 * were replaced, objects that were deleted (softly or not) and uploads that are not finished do not show.
 */
export async function* listObjects(
  connection: GcsConnection,
  { signal, prefix = '', startAfter = '' }: ListOptions,
): AsyncGenerator<ObjectInfo, void> {
  let pageToken: string | undefined;
  let last = '';
  do {
    const { text } = await connection.call({
      what: 'list',
      signal,
      url: connection.objectsPath,
      query: {
        prefix: connection.prefix + prefix,
        fields: 'items(name,size,generation,updated),nextPageToken',
        ...(startAfter === '' ? {} : { startOffset: connection.prefix + startAfter }),
        ...(pageToken === undefined ? {} : { pageToken }),
      },
    });
    const page = parsePage(text);
    for (const resource of page.items) {
      signal?.throwIfAborted();
      const key = connection.keyOf(resource.name);
      // `startOffset` is inclusive.
      if (key === undefined || !key.startsWith(prefix) || key <= startAfter) continue;
      if (key <= last) throw outOfOrder(connection, key, last);
      last = key;
      yield infoOf(key, resource);
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  signal?.throwIfAborted();
}

interface Page {
  readonly items: readonly ObjectResource[];
  readonly nextPageToken: string | undefined;
}

/** A page may be empty although more follow. */
function parsePage(text: string): Page {
  const { items = [], nextPageToken } = (parseJson(text) ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(items)) throw new TargetError('UNKNOWN', 'list: the answer is not a page of objects');
  return {
    items: items.map(parseResource),
    nextPageToken: typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined,
  };
}

function outOfOrder({ place }: GcsConnection, key: string, last: string): TargetError {
  const text = `${place}: list: "${key}" came after "${last}"; the service does not list in the order of names`;
  return new TargetError('UNSUPPORTED', text, { hint: 'check the endpoint: Cloud Storage itself does' });
}
