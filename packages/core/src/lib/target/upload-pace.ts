import type { ObjectBody } from '@quackup/target-api';

import type { Pace } from './pace.ts';
import { type BucketRate, takeTokens, type TokenBucket } from './token-bucket.ts';

/** What gathers while nothing is sent: a quarter of a second, so that the rate is kept in every second. */
const BURST_SECONDS = 0.25;

/** Holds everything that is written to one target to a number of bytes in a second, whichever client writes it. */
export class UploadPace {
  readonly #rate: BucketRate;
  readonly #pace: Pace;
  #bucket: TokenBucket | undefined;

  constructor(bytesPerSecond: number, pace: Pace) {
    this.#rate = { bytesPerSecond, burst: bytesPerSecond * BURST_SECONDS };
    this.#pace = pace;
  }

  /** The body, each piece when its time has come. Ends with the signal's reason while it waits. */
  async *body(body: ObjectBody, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of body) {
      const waitMs = this.#take(bytes.length);
      if (waitMs > 0) await this.#pace.wait(waitMs, signal);
      yield bytes;
    }
  }

  /** Counts bytes that go at once: a lease that waited for its turn behind an archive would run out. */
  count(bytes: number): void {
    this.#take(bytes);
  }

  #take(bytes: number): number {
    const { bucket, waitMs } = takeTokens(this.#bucket, bytes, this.#pace.nowMs(), this.#rate);
    this.#bucket = bucket;
    return waitMs;
  }
}
