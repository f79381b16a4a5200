import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Answer } from './answer.ts';
import { GcsError } from './gcs-error.ts';
import type { RequestTarget } from './operation.ts';
import { type Metadata, resourceOf, type ServerState, storeObject } from './server-state.ts';

const BREAK = Buffer.from('\r\n\r\n');

/**
 * Stores an object from one request: metadata and content as the two parts of a `multipart/related` body.
 *
 * @throws GcsError 400 if the body is not of that kind.
 */
export async function insertMultipart(
  state: ServerState,
  target: RequestTarget,
  body: Buffer,
  contentType: string,
): Promise<Answer> {
  const [, boundary] = /^multipart\/related;\s*boundary="?([^";]+)/.exec(contentType) ?? [];
  if (boundary === undefined) throw new GcsError(400, 'badContent', 'Invalid multipart request.');
  const [head, content] = partsOf(body, Buffer.from(`--${boundary}`));
  if (head === undefined || content === undefined)
    throw new GcsError(400, 'badContent', 'Invalid multipart request with fewer than 2 mime parts.');
  const metadata = JSON.parse(head.toString('utf8')) as Metadata;
  const path = join(state.folder, randomUUID());
  await writeFile(path, content);
  const md5Hash = createHash('md5').update(content).digest('base64');
  const name = target.name === '' ? (metadata.name ?? '') : target.name;
  const object = storeObject(state, { ...target, name }, { path, size: content.length, md5Hash }, metadata);
  return { status: 200, json: resourceOf(target.bucket, object) };
}

/** The contents of the parts, without their headers. */
function partsOf(body: Buffer, mark: Buffer): readonly Buffer[] {
  const end = Buffer.concat([Buffer.from('\r\n'), mark]);
  const parts: Buffer[] = [];
  for (let from = body.indexOf(mark); from >= 0;) {
    const start = body.indexOf(BREAK, from);
    const to = start < 0 ? -1 : body.indexOf(end, start);
    if (to < 0) break;
    parts.push(body.subarray(start + BREAK.length, to));
    from = to + 2;
  }
  return parts;
}
