import { Readable } from 'node:stream';

import type { ObjectBody } from '@quackup/target-api';

import { destroyWith } from './destroy-with.ts';

/**
 * Passes on the beginning of a put's body, then does what `then` says: rejects or waits. The body is closed when that
 * rejects or when the reader leaves.
 *
 * @param afterBytes Length of the beginning. Absent: the first chunk that is not empty.
 */
export async function* cutBody(
  body: ObjectBody,
  afterBytes: number | undefined,
  then: () => Promise<never>,
): AsyncGenerator<Uint8Array, void> {
  let left = afterBytes;
  for await (const chunk of body) {
    if (left !== undefined && chunk.length >= left) {
      yield chunk.subarray(0, left);
      await then();
    }
    yield chunk;
    if (left !== undefined) left -= chunk.length;
    else if (chunk.length > 0) await then();
  }
  await then();
}

/**
 * Passes on the first `afterBytes` of a get's body, then does what `then` says: the stream fails with what that rejects
 * with. Destroying the stream destroys `source`.
 */
export function cutStream(source: Readable, afterBytes: number, then: () => Promise<never>): Readable {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  // It fails with the signal also while nobody reads it; whoever reads it learns that from the reading.
  source.on('error', () => {});
  let left = afterBytes;
  const pull = async (): Promise<Uint8Array> => {
    const step = left > 0 ? await iterator.next() : undefined;
    if (step === undefined || step.done === true) return then();
    const chunk = step.value.subarray(0, left);
    left -= chunk.length;
    return chunk;
  };
  return new Readable({
    read() {
      pull().then(
        (chunk) => this.push(chunk),
        (error: unknown) => destroyWith(this, error),
      );
    },
    destroy(error, done) {
      source.destroy();
      done(error);
    },
  });
}
