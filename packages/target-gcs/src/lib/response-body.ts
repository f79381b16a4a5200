import { Readable } from 'node:stream';

import { TargetError } from '@quackup/target-api';

export interface ResponseBodyOptions {
  /** What is read, for the error. */
  readonly what: string;
  /** Bytes that must come. */
  readonly length: number;
  /** The error of the contract for one of the connection. */
  readonly failure: (error: unknown) => Error;
  readonly signal: AbortSignal | undefined;
}

/**
 * The body of an answer under the contract's rules: it fails with the signal's reason itself, with `UNAVAILABLE` if the
 * connection ends too soon, and frees its connection when it is destroyed.
 */
export function responseBody(
  source: Readable,
  { what, length, failure, signal }: ResponseBodyOptions,
): Readable {
  let received = 0;
  const body = new Readable({
    read: () => source.resume(),
    destroy(error, done) {
      source.destroy();
      done(error);
    },
  });
  source.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (!body.push(chunk)) source.pause();
  });
  source.on('end', () => {
    if (received === length) body.push(null);
    else body.destroy(cutOff(what, received, length));
  });
  source.on('error', (error) => body.destroy(failure(error)));
  source.on('close', () => {
    if (!source.readableEnded) body.destroy(cutOff(what, received, length));
  });
  const onAbort = (): void => {
    // Streams pass on whatever they are destroyed with.
    body.destroy(signal?.reason as Error);
  };
  // First of all listeners: destroying the body detaches it from what the SDK does to the connection.
  signal?.addEventListener('abort', onAbort);
  body.once('close', () => signal?.removeEventListener('abort', onAbort));
  source.pause();
  return body;
}

function cutOff(what: string, received: number, length: number): TargetError {
  return new TargetError(
    'UNAVAILABLE',
    `${what}: the connection ended after ${received} of ${length} bytes`,
    {
      hint: 'check the network and any proxy on the way',
    },
  );
}
