import {
  type BodyPart,
  isTargetError,
  type ObjectInfo,
  type ObjectKey,
  type PutCondition,
  TargetError,
} from '@quackup/target-api';

import { infoOf, type ObjectResource } from './object-resource.ts';
import { conditionQuery, headIfPresent, newMetadata, newPutId, type PutContext } from './put-context.ts';
import { repeatRequest } from './repeat-request.ts';
import { ResumableUpload } from './resumable-upload.ts';

/** A put that goes on in chunks. */
export interface ChunkedPut {
  readonly key: ObjectKey;
  readonly condition: PutCondition | undefined;
  /** The caller's own. */
  readonly callerSignal: AbortSignal | undefined;
  /** Aborted by the caller, or by `fail`. */
  readonly signal: AbortSignal;
  /** Ends the reading of the body and the sending. */
  readonly fail: (error: unknown) => void;
}

/**
 * Stores an object as a resumable upload, chunk after chunk; the next one is read while one is sent. The condition is
 * asked at the beginning, which spares sending everything, and counts at the end. If anything fails the upload is
 * cancelled.
 */
export async function putChunks(
  context: PutContext,
  put: ChunkedPut,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<ObjectInfo> {
  const { connection, cleanUp, retryMs } = context;
  const { key, signal, callerSignal } = put;
  const putId = newPutId();
  const address = await begin(context, put, putId);
  const upload = new ResumableUpload({ connection, key, address, retryMs, signal });
  try {
    return infoOf(key, await sendAll(upload, put, first, rest));
  } catch (error) {
    if (callerSignal?.aborted !== true && upload.disturbed) {
      const there = await ownObject(context, key, putId, callerSignal);
      if (there !== undefined) return infoOf(key, there);
    }
    cleanUp(upload.cancel());
    throw error;
  }
}

/** @returns The upload's address. If an answer is lost, the upload that nobody knows of ends by itself after a week. */
async function begin(
  context: PutContext,
  { key, condition, signal }: ChunkedPut,
  putId: string,
): Promise<string> {
  const { connection, retryMs } = context;
  const request = {
    what: `put of "${key}": begin`,
    signal,
    method: 'POST' as const,
    url: `/upload${connection.objectsPath}`,
    query: { uploadType: 'resumable', ...conditionQuery(key, condition) },
    headers: {
      'content-type': 'application/json; charset=UTF-8',
      'x-upload-content-type': 'application/octet-stream',
    },
    body: newMetadata(context, key, putId),
  };
  const answer = await repeatRequest(() => connection.call(request), { retryMs, signal });
  const address = answer?.headers.get('location');
  if (address === undefined || address === null)
    throw new TargetError('UNKNOWN', `${request.what}: the service gave no address for the upload`);
  return address;
}

async function sendAll(
  upload: ResumableUpload,
  { fail }: ChunkedPut,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<ObjectResource> {
  const send = (part: BodyPart): Promise<ObjectResource | undefined> => {
    const sending = upload.send(part.bytes, part.last);
    // The body may stand still meanwhile: then nobody waits for the sending yet.
    sending.catch(fail);
    return sending;
  };
  let [sent, sending] = [first, send(first)];
  try {
    for await (const part of rest) {
      await sending;
      // The service has read all of it. Of a try that failed, nobody knows what is still being sent.
      if (!upload.disturbed) sent.release();
      [sent, sending] = [part, send(part)];
    }
  } catch (error) {
    fail(error);
    await Promise.allSettled([sending]);
    throw error;
  }
  const object = await sending;
  if (object === undefined) throw new TypeError('a body ends with a last part');
  return object;
}

/** The object, if it is this put's: the last answer was lost. */
async function ownObject(
  { connection }: PutContext,
  key: ObjectKey,
  putId: string,
  signal: AbortSignal | undefined,
): Promise<ObjectResource | undefined> {
  try {
    const there = await headIfPresent(connection, key, signal);
    return there?.putId === putId ? there : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    // What counts is why the put failed.
    if (isTargetError(error)) return undefined;
    throw error;
  }
}
