import { isObjectKey, type ObjectInfo } from '@quackup/target-api';

import type { Retries } from './retries.ts';
import type { StallWatch } from './stall-watch.ts';

/** How objects are listed. */
export interface Listing {
  readonly retries: Retries;
  /** A new one for each try. */
  readonly watch: () => StallWatch;
  /** The target's own list, of what comes after a key. */
  readonly list: (signal: AbortSignal, startAfter: string | undefined) => AsyncIterable<ObjectInfo>;
  /** How long a page may take, milliseconds. */
  readonly requestMs: number;
}

/** Objects in ascending order of their keys: after a failure that may pass, from the last one that came. */
export async function* listInfos({
  retries,
  watch: newWatch,
  list,
  requestMs,
}: Listing): AsyncGenerator<ObjectInfo, void, undefined> {
  let last: string | undefined;
  for (;;) {
    using watch = newWatch();
    const iterator = list(watch.signal, last)[Symbol.asyncIterator]();
    let failure: unknown;
    let left = true;
    try {
      for (;;) {
        const next = await watch.over(() => iterator.next(), requestMs);
        if (next.done === true) return retries.succeed();
        retries.progress();
        last = next.value.key;
        if (isObjectKey(last)) yield next.value;
      }
    } catch (error) {
      left = false;
      failure = error;
    } finally {
      // One that failed has closed itself, and one that hangs would never answer.
      if (left) await iterator.return?.();
    }
    await retries.afterFailure(failure);
  }
}
