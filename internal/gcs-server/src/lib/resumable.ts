// A resumable upload as the JSON API has it:
//
//   POST   ?uploadType=resumable                                  200, Location: URL with upload_id
//   PUT    Content-Range: bytes 0-8388607/*        8 MiB          308, Range: bytes=0-8388607
//   PUT    Content-Range: bytes */*                no body        308, Range: what there is so far
//   PUT    Content-Range: bytes A-B/TOTAL          the last bytes 200, the object
//   DELETE                                                        499
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Answer } from './answer.ts';
import type { GcsFault } from './faults.ts';
import { GcsError } from './gcs-error.ts';
import type { RequestTarget } from './operation.ts';
import {
  checkConditions,
  type Metadata,
  objectsOf,
  resourceOf,
  type ServerState,
  storeObject,
} from './server-state.ts';

// All chunks but the last are a multiple of it.
const GRAIN = 262_144;

/** An upload that was begun. */
export interface Upload {
  readonly target: RequestTarget;
  readonly metadata: Metadata;
  readonly path: string;
  readonly hash: Hash;
  size: number;
  /** The object, once it is finished: the same answer comes to every later question. */
  done?: object;
}

/** @param origin Where the client reached the server. */
export function startUpload(state: ServerState, target: RequestTarget, body: Buffer, origin: string): Answer {
  const metadata = (body.length === 0 ? {} : JSON.parse(body.toString('utf8'))) as Metadata;
  const name = target.name === '' ? (metadata.name ?? '') : target.name;
  checkConditions(target.query, objectsOf(state, target.bucket).get(name));
  const id = randomUUID();
  const path = join(state.folder, id);
  state.uploads.set(id, { target: { ...target, name }, metadata, path, hash: createHash('md5'), size: 0 });
  const location = `${origin}/upload/storage/v1/b/${target.bucket}/o?uploadType=resumable&upload_id=${id}`;
  return { status: 200, headers: { location } };
}

/**
 * Takes a chunk, or says how much there is.
 *
 * @param headers `content-range` and `x-goog-hash` of the request.
 */
export async function continueUpload(
  state: ServerState,
  upload: Upload,
  body: Buffer,
  headers: { readonly contentRange: string; readonly hash: string },
  fault: GcsFault | undefined,
): Promise<Answer> {
  if (upload.done !== undefined) return { status: 200, json: upload.done };
  const range = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(headers.contentRange);
  if (range === null) throw new GcsError(400, 'badRequest', 'Failed to parse Content-Range header.');
  const [, first, last, total] = range;
  if (first !== undefined) {
    if (Number(last) - Number(first) + 1 !== body.length)
      throw new GcsError(
        400,
        'badRequest',
        'The length of the body is not that of the Content-Range header.',
      );
    if (total === '*' && body.length % GRAIN !== 0)
      throw new GcsError(400, 'badRequest', 'A chunk must be a multiple of 256 KiB.');
    const half = fault?.kind === 'partial' || fault?.kind === 'partial-reset';
    await append(upload, Number(first), half ? body.subarray(0, halfOf(body.length)) : body);
  }
  if (total !== '*' && upload.size === Number(total)) return finish(state, upload, headers.hash);
  return { status: 308, headers: upload.size === 0 ? {} : { range: `bytes=0-${upload.size - 1}` } };
}

function halfOf(length: number): number {
  return Math.floor(length / 2 / GRAIN) * GRAIN;
}

async function append(upload: Upload, first: number, body: Buffer): Promise<void> {
  if (first > upload.size) throw new GcsError(503, 'backendError', 'Invalid request. Bytes are missing.');
  const bytes = body.subarray(upload.size - first);
  upload.hash.update(bytes);
  upload.size += bytes.length;
  await appendFile(upload.path, bytes);
}

function finish(state: ServerState, upload: Upload, hash: string): Answer {
  const { target, path, size, metadata } = upload;
  const md5Hash = upload.hash.copy().digest('base64');
  const declared = /md5=([^,]+)/.exec(hash)?.[1] ?? metadata.md5Hash;
  const checked = declared === undefined ? metadata : { ...metadata, md5Hash: declared };
  const object = storeObject(state, target, { path, size, md5Hash }, checked);
  upload.done = resourceOf(target.bucket, object);
  return { status: 200, json: upload.done };
}
