import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  type BodyPart,
  commitSignal,
  type ObjectKey,
  type PutCondition,
  TargetError,
} from '@quackup/target-api';

import { partsInFlight } from './part-plan.ts';
import {
  conditionHeaders,
  headIfPresent,
  newPutId,
  PUT_ID,
  type PutContext,
  withCondition,
} from './put-context.ts';
import { checksumSettings, putSettings } from './put-settings.ts';
import { repeatRequest } from './repeat-request.ts';
import { s3CodeOf } from './s3-failure.ts';

// A service may take minutes to join thousands of parts before it answers.
const COMPLETE_MS = 5 * 60_000;
// An upload that stays is removed a day later by another run; nobody should wait long for that.
const ABORT_MS = 10_000;

/** A put that goes on in parts. */
export interface PartedPut {
  readonly key: ObjectKey;
  readonly condition: PutCondition | undefined;
  /** Aborted by the caller, or by `fail`. */
  readonly signal: AbortSignal;
  /** Ends the reading of the body and the sending of all parts. */
  readonly fail: (error: unknown) => void;
}

/**
 * Stores an object as a multipart upload. If anything fails the upload is aborted, and its parts are gone.
 *
 * @returns The object's etag.
 */
export async function putInParts(
  context: PutContext,
  put: PartedPut,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<string | undefined> {
  const { connection } = context;
  const { key, condition, signal } = put;
  // Spares sending everything if the answer is known already; what counts is asked at the end.
  if (condition?.type === 'if-absent' && (await headIfPresent(connection, key, signal)) !== undefined)
    throw exists(key);
  const putId = newPutId();
  const uploadId = await create(context, put, putId);
  try {
    const parts = await sendParts(context, put, uploadId, first, rest);
    return await complete(context, put, uploadId, putId, parts);
  } catch (error) {
    await context.cleanUp(abort(context, key, uploadId));
    throw error;
  }
}

async function create(
  { connection, options, now, retryMs }: PutContext,
  { key, signal }: PartedPut,
  putId: string,
): Promise<string> {
  const request = { what: `put of "${key}": begin`, action: 's3:PutObject', signal };
  const send = (): Promise<string | undefined> =>
    connection
      .call(request, (s3, callOptions) =>
        s3.createMultipartUpload(
          {
            Bucket: connection.bucket,
            Key: connection.nameOf(key),
            Metadata: { [PUT_ID]: putId },
            ...putSettings(options, now()),
          },
          callOptions,
        ),
      )
      .then(({ UploadId }) => UploadId);
  // If an answer is lost, the upload that nobody knows of has no parts, and is removed a day later.
  const uploadId = await repeatRequest(send, { retryMs, signal });
  if (uploadId === undefined)
    throw new TargetError('UNKNOWN', `${request.what}: the service gave no upload id`);
  return uploadId;
}

/** Sends the parts, several at a time; reads on only while few enough are on their way. */
async function sendParts(
  context: PutContext,
  put: PartedPut,
  uploadId: string,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<readonly CompletedPart[]> {
  const { signal } = put;
  const { parallelParts = 4 } = context.options;
  const sent: CompletedPart[] = [];
  const underWay = new Set<Promise<void>>();
  const send = async (part: BodyPart): Promise<void> => {
    try {
      sent.push(await sendPart(context, put, uploadId, part));
    } catch (error) {
      put.fail(error);
    }
  };
  const begin = async (part: BodyPart): Promise<void> => {
    while (underWay.size >= partsInFlight(part.bytes.length, parallelParts)) await Promise.race(underWay);
    signal.throwIfAborted();
    const sending = send(part).finally(() => underWay.delete(sending));
    underWay.add(sending);
  };
  try {
    await begin(first);
    for await (const part of rest) await begin(part);
  } catch (error) {
    put.fail(error);
    throw error;
  } finally {
    // A part that arrives after its upload was aborted may stay for ever.
    await Promise.all(underWay);
  }
  signal.throwIfAborted();
  return sent.sort((left, right) => (left.PartNumber ?? 0) - (right.PartNumber ?? 0));
}

/** Sends one part. It may be sent again: the later one takes the place of the earlier. */
async function sendPart(
  { connection, options, retryMs }: PutContext,
  { key, signal }: PartedPut,
  uploadId: string,
  { number, bytes, release }: BodyPart,
): Promise<CompletedPart> {
  const what = `put of "${key}": part ${number}`;
  const request = { what, action: 's3:PutObject', signal, bodySize: bytes.length };
  let repeated = false;
  const send = (again: boolean): Promise<CompletedPart> => {
    repeated = again;
    return connection
      .call(request, (s3, callOptions) =>
        s3.uploadPart(
          {
            Bucket: connection.bucket,
            Key: connection.nameOf(key),
            UploadId: uploadId,
            PartNumber: number,
            Body: bytes,
            ContentLength: bytes.length,
            ...checksumSettings(options),
          },
          callOptions,
        ),
      )
      .then(({ ETag, ChecksumCRC32, ChecksumSHA256 }) => ({
        PartNumber: number,
        ETag,
        ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
        ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }),
      }));
  };
  const completed = await repeatRequest(send, { retryMs, signal });
  if (completed?.ETag === undefined) throw new TargetError('UNKNOWN', `${what}: the service gave no etag`);
  // The service has read all of it. Of a try that failed, nobody knows what is still being sent.
  if (!repeated) release();
  return completed;
}

/** Makes the object visible. */
async function complete(
  { connection, retryMs }: PutContext,
  { key, condition, signal }: PartedPut,
  uploadId: string,
  putId: string,
  parts: readonly CompletedPart[],
): Promise<string | undefined> {
  const what = {
    what: `put of "${key}": join ${parts.length} parts`,
    action: 's3:PutObject',
    patienceMs: COMPLETE_MS,
  };
  let conflict = false;
  const send = async (): Promise<string | undefined> => {
    const request = { ...what, signal: commitSignal(signal) };
    try {
      const { ETag } = await connection.call(request, (s3, callOptions) =>
        s3.completeMultipartUpload(
          {
            Bucket: connection.bucket,
            Key: connection.nameOf(key),
            UploadId: uploadId,
            MultipartUpload: { Parts: [...parts] },
            ...conditionHeaders(condition),
          },
          callOptions,
        ),
      );
      return ETag;
    } catch (error) {
      conflict ||= s3CodeOf(error) === 'ConditionalRequestConflict';
      if (s3CodeOf(error) === 'NoSuchUpload') {
        // After a conflict S3 wants the whole upload again; the usual reason is that somebody else was first.
        if (conflict && (await headIfPresent(connection, key, signal)) !== undefined)
          throw exists(key, error);
        throw uploadGone(key, error);
      }
      throw withCondition(error, key, condition);
    }
  };
  let found: string | undefined;
  const wasDone = async (): Promise<boolean> => {
    const there = await headIfPresent(connection, key, signal);
    found = there?.etag;
    return there?.putId === putId;
  };
  return (await repeatRequest(send, { retryMs, signal, wasDone })) ?? found;
}

async function abort({ connection }: PutContext, key: ObjectKey, uploadId: string): Promise<void> {
  const signal = AbortSignal.timeout(ABORT_MS);
  const request = { what: `put of "${key}": abort`, action: 's3:AbortMultipartUpload', signal };
  try {
    await connection.call(request, (s3, callOptions) =>
      s3.abortMultipartUpload(
        { Bucket: connection.bucket, Key: connection.nameOf(key), UploadId: uploadId },
        callOptions,
      ),
    );
  } catch {
    // What the caller gets to know is why the put failed. The upload is never listed, and removed a day later.
  }
}

function exists(key: ObjectKey, cause?: unknown): TargetError {
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": there is such an object already`, {
    cause,
  });
}

function uploadGone(key: ObjectKey, cause: unknown): TargetError {
  return new TargetError('UNAVAILABLE', `put of "${key}": the upload was removed while it was under way`, {
    cause,
    retryable: false,
    hint: 'look for a lifecycle rule that removes unfinished uploads after less time than a backup takes',
  });
}
