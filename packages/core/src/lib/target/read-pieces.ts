import type { ByteRange, ObjectRead } from '@quackup/target-api';

import type { ObjectVersion } from './object-version.ts';
import type { Retries } from './retries.ts';
import type { StallWatch } from './stall-watch.ts';

/** How one object is read. */
export interface Reading {
  /** Absent: the whole object. */
  readonly range: ByteRange | undefined;
  /** What every request must find. */
  readonly version: ObjectVersion;
  readonly retries: Retries;
  /** A new one for each request. */
  readonly watch: () => StallWatch;
  readonly open: (watch: StallWatch, range: ByteRange | undefined) => Promise<ObjectRead>;
}

/** The bytes of an object, piece by piece: after a failure that may pass, from the last byte that came. */
export async function* readPieces({
  range,
  version,
  retries,
  watch: newWatch,
  open,
}: Reading): AsyncGenerator<Buffer, void, undefined> {
  let done = 0;
  for (;;) {
    const rest = done === 0 ? range : { ...range, start: (range?.start ?? 0) + done };
    let failure: unknown;
    try {
      using watch = newWatch();
      const { info, body } = await open(watch, rest);
      try {
        version.expect(info);
        const iterator = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
        for (;;) {
          const next = await watch.over(() => iterator.next());
          if (next.done === true) return retries.succeed();
          done += next.value.length;
          retries.progress();
          yield next.value;
        }
      } finally {
        body.destroy();
      }
    } catch (error) {
      failure = error;
    }
    await retries.afterFailure(failure);
  }
}
