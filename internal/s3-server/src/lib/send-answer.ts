import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';

import type { Answer } from './answer.ts';
import type { S3Fault } from './faults.ts';
import type { Segment } from './server-state.ts';

/** Sends an answer, cut or stalled as the fault says. */
export async function sendAnswer(
  response: ServerResponse,
  answer: Answer,
  {
    requestId,
    head,
    fault,
  }: { readonly requestId: string; readonly head: boolean; readonly fault: S3Fault | undefined },
): Promise<void> {
  const { text, content } = answer;
  let end = content?.end ?? 0;
  if (fault?.kind === 'wrong-length') end -= 1;
  const length = content === undefined ? Buffer.byteLength(text ?? '') : end - content.start;
  response.writeHead(answer.status, {
    ...answer.headers,
    'x-amz-request-id': requestId,
    ...(text === undefined ? {} : { 'content-type': 'application/xml' }),
    // An answer without content has no length at all.
    ...(answer.status === 204 ? {} : { 'content-length': length }),
  });
  if (head) {
    response.end();
    return;
  }
  const cutting = fault?.kind === 'cut' || fault?.kind === 'stall-body';
  let left = cutting ? (fault.afterBytes ?? Math.floor(length / 2)) : Number.POSITIVE_INFINITY;
  const chunks =
    content === undefined ? [Buffer.from(text ?? '')] : read(content.segments, content.start, end);
  for await (const chunk of chunks) {
    const bytes = chunk.subarray(0, left);
    left -= bytes.length;
    if (!response.write(bytes)) await drained(response);
    if (response.destroyed || left <= 0) break;
  }
  if (fault?.kind === 'cut') {
    // Waits until what was written is on its way, and then resets.
    response.write('', () => response.socket?.resetAndDestroy());
  } else if (fault?.kind !== 'stall-body') {
    response.end();
  }
}

async function* read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const { path, size } of segments) {
    const [first, last] = [Math.max(start - offset, 0), Math.min(end - offset, size)];
    if (first < last) yield* createReadStream(path, { start: first, end: last - 1 }) as AsyncIterable<Buffer>;
    offset += size;
  }
}

/** Waits until there is room again, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    response.off('drain', done);
    response.off('close', done);
    resolve();
  };
  response.on('drain', done);
  response.on('close', done);
  return promise;
}
