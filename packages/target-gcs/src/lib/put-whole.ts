// One request for metadata and content, RFC 2387:
//
//   --BOUNDARY
//   content-type: application/json
//
//   {"name":...,"md5Hash":...}
//   --BOUNDARY
//   content-type: application/octet-stream
//
//   the bytes
//   --BOUNDARY--
import { createHash } from 'node:crypto';

import { commitSignal, type ObjectInfo, type ObjectKey, type PutCondition } from '@quackup/target-api';

import { infoOf, type ObjectResource, parseResourceText, RESOURCE_FIELDS } from './object-resource.ts';
import { conditionQuery, headIfPresent, newMetadata, newPutId, type PutContext } from './put-context.ts';
import { repeatRequest } from './repeat-request.ts';

/** Stores an object in one request, which is repeated if it fails; never twice, see {@link repeatRequest}. */
export async function putWhole(
  context: PutContext,
  key: ObjectKey,
  bytes: Buffer,
  condition: PutCondition | undefined,
  signal: AbortSignal,
): Promise<ObjectInfo> {
  const { connection, retryMs } = context;
  const putId = newPutId();
  const md5 = createHash('md5').update(bytes).digest('base64');
  // The content cannot hold a UUID that is made only now.
  const boundary = newPutId();
  const request = {
    what: `put of "${key}"`,
    method: 'POST' as const,
    url: `/upload${connection.objectsPath}`,
    query: { uploadType: 'multipart', fields: RESOURCE_FIELDS, ...conditionQuery(key, condition) },
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([
      Buffer.from(`--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n`),
      newMetadata(context, key, putId, md5),
      Buffer.from(`\r\n--${boundary}\r\ncontent-type: application/octet-stream\r\n\r\n`),
      bytes,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  };
  const send = async (): Promise<ObjectResource> =>
    parseResourceText((await connection.call({ ...request, signal: commitSignal(signal) })).text);
  let found: ObjectResource | undefined;
  const wasDone = async (): Promise<boolean> => {
    const there = await headIfPresent(connection, key, signal);
    found = there?.putId === putId ? there : undefined;
    return found !== undefined;
  };
  const stored = (await repeatRequest(send, { retryMs, signal, wasDone })) ?? found;
  if (stored === undefined) throw new TypeError('a put that was done has an object');
  return infoOf(key, stored);
}
