import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';

import type { Answer } from './answer.ts';
import type { GcsFault } from './faults.ts';

/** Sends an answer, cut or stalled as the fault says. */
export async function sendAnswer(
  response: ServerResponse,
  { status, headers, json, content }: Answer,
  fault: GcsFault | undefined,
): Promise<void> {
  const text = json === undefined ? '' : JSON.stringify(json);
  let end = content?.end ?? 0;
  if (fault?.kind === 'wrong-length') end -= 1;
  const length = content === undefined ? Buffer.byteLength(text) : end - content.start;
  response.writeHead(status, {
    ...headers,
    ...(json === undefined ? {} : { 'content-type': 'application/json; charset=UTF-8' }),
    ...(status === 204 ? {} : { 'content-length': length }),
  });
  const cutting = fault?.kind === 'cut' || fault?.kind === 'stall-body';
  let left = cutting ? Math.floor(length / 2) : Number.POSITIVE_INFINITY;
  const chunks: AsyncIterable<Buffer> | readonly Buffer[] =
    content === undefined || length === 0
      ? [Buffer.from(text)]
      : (createReadStream(content.object.path, {
          start: content.start,
          end: end - 1,
        }) as AsyncIterable<Buffer>);
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
