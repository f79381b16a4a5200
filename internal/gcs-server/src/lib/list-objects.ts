import type { Answer } from './answer.ts';
import type { RequestTarget } from './operation.ts';
import { objectsOf, resourceOf, type ServerState } from './server-state.ts';

/** A page of the live objects in the order of their names, as `prefix`, `startOffset` and `pageToken` say. */
export function listObjects(state: ServerState, { bucket, query }: RequestTarget): Answer {
  const prefix = query.get('prefix') ?? '';
  const startOffset = query.get('startOffset') ?? '';
  const token = query.get('pageToken');
  const after = token === null ? undefined : Buffer.from(token, 'base64url').toString('utf8');
  const pageSize = Math.min(Number(query.get('maxResults') ?? 1000), state.options.pageSize);
  const objects = objectsOf(state, bucket);
  const names = [...objects.keys()]
    .filter((name) => name.startsWith(prefix) && name >= startOffset && (after === undefined || name > after))
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  const page = names.slice(0, pageSize);
  const items = page.map((name) => objects.get(name)).filter((object) => object !== undefined);
  const last = page.at(-1);
  return {
    status: 200,
    json: {
      kind: 'storage#objects',
      // The real one leaves it out where there are none.
      ...(items.length === 0 ? {} : { items: items.map((object) => resourceOf(bucket, object)) }),
      ...(names.length > page.length && last !== undefined
        ? { nextPageToken: Buffer.from(last).toString('base64url') }
        : {}),
    },
  };
}
