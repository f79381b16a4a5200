import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Answer } from './answer.ts';
import type { GcsFault } from './faults.ts';
import { GcsError } from './gcs-error.ts';
import { getMedia } from './get-media.ts';
import { insertMultipart } from './insert-multipart.ts';
import { listObjects } from './list-objects.ts';
import { parseRequest, type RequestTarget } from './operation.ts';
import { continueUpload, startUpload } from './resumable.ts';
import { sendAnswer } from './send-answer.ts';
import { checkConditions, objectOf, objectsOf, resourceOf, type ServerState } from './server-state.ts';

/** The permission that an operation needs, as the real one names it in its answer. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  GetObject: 'storage.objects.get',
  GetMedia: 'storage.objects.get',
  ListObjects: 'storage.objects.list',
  DeleteObject: 'storage.objects.delete',
  GetBucket: 'storage.buckets.get',
};

/** Answers one request: who asks, permission, operation; disturbed by the first fault that fits. */
export async function handleRequest(
  state: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let fault: GcsFault | undefined;
  let answer: Answer;
  try {
    const target = parseRequest(request.method ?? '', request.url ?? '', header(request, 'content-range'));
    const { operation, name, query } = target;
    state.requests.push({ operation, name, query: query.toString(), headers: request.headers });
    fault = state.faults.take(operation);
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'reset') {
      // A request without a body is reset at once.
      if (Number(header(request, 'content-length')) > 0) await once(request, 'data');
      request.socket.resetAndDestroy();
      return;
    }
    const body = await read(request);
    if (fault?.kind === 'error') throw injected(fault);
    if (fault?.kind === 'error-page') {
      response.writeHead(fault.status ?? 502, { 'content-type': 'text/html' });
      response.end('<html><body><h1>Bad Gateway</h1></body></html>');
      return;
    }
    if (fault?.kind === 'damage') body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
    checkCaller(state, request, target);
    answer = await perform(state, request, target, body, fault);
    if (fault?.kind === 'reset-after' || fault?.kind === 'partial-reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'error-after') throw injected(fault);
  } catch (error) {
    // The client is gone: nobody to answer.
    if (request.destroyed && !request.complete) return;
    const failure = error instanceof GcsError ? error : new GcsError(500, 'internalError', String(error));
    request.resume();
    response.writeHead(failure.status, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(failure.toJson());
    return;
  }
  await sendAnswer(response, answer, fault);
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function checkCaller(
  state: ServerState,
  request: IncomingMessage,
  { operation, bucket }: RequestTarget,
): void {
  const token = header(request, 'authorization').replace(/^Bearer /, '');
  if (state.tokens !== undefined && !state.tokens.includes(token))
    throw token === ''
      ? new GcsError(401, 'required', 'Anonymous caller does not have storage.objects.get access.')
      : new GcsError(401, 'authError', 'Invalid Credentials');
  if (!state.denied.has(operation)) return;
  const permission = PERMISSIONS[operation] ?? 'storage.objects.create';
  const text = `somebody@test does not have ${permission} access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist): ${bucket}.`;
  throw new GcsError(403, 'forbidden', text);
}

async function perform(
  state: ServerState,
  request: IncomingMessage,
  target: RequestTarget,
  body: Buffer,
  fault: GcsFault | undefined,
): Promise<Answer> {
  const { operation, bucket, name, query } = target;
  switch (operation) {
    case 'InsertMultipart':
      return insertMultipart(state, target, body, header(request, 'content-type'));
    case 'StartResumable':
      return startUpload(state, target, body, `http://${header(request, 'host')}`);
    case 'UploadChunk':
    case 'QueryUpload':
    case 'CancelUpload':
      return performUpload(state, request, target, body, fault);
    case 'GetObject':
      return { status: 200, json: resourceOf(bucket, objectOf(state, bucket, name)) };
    case 'GetMedia':
      return getMedia(objectOf(state, bucket, name), header(request, 'range'), fault);
    case 'ListObjects':
      return listObjects(state, target);
    case 'DeleteObject':
      checkConditions(query, objectOf(state, bucket, name));
      objectsOf(state, bucket).delete(name);
      return { status: 204 };
    default:
      // The bucket itself.
      objectsOf(state, bucket);
      return { status: 200, json: { kind: 'storage#bucket', id: bucket, name: bucket } };
  }
}

async function performUpload(
  state: ServerState,
  request: IncomingMessage,
  { operation, query }: RequestTarget,
  body: Buffer,
  fault: GcsFault | undefined,
): Promise<Answer> {
  const id = query.get('upload_id') ?? '';
  if (fault?.kind === 'forget') state.uploads.delete(id);
  const upload = state.uploads.get(id);
  if (upload === undefined) throw new GcsError(410, 'notFound', 'The upload is not there any more.');
  if (operation === 'CancelUpload') {
    if (upload.done === undefined) state.uploads.delete(id);
    return { status: 499 };
  }
  const headers = { contentRange: header(request, 'content-range'), hash: header(request, 'x-goog-hash') };
  return continueUpload(state, upload, body, headers, fault);
}

function injected({ status = 500, reason = 'backendError', message = 'Backend Error' }: GcsFault): GcsError {
  return new GcsError(status, reason, message);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(',') : value) ?? '';
}
