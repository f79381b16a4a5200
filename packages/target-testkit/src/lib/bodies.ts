import type { ObjectBody, ObjectInfo, ObjectKey, PutOptions, StorageTarget } from '@quackup/target-api';

import { ConformanceFailure, type Outcome, outcomeOf } from './check.ts';

/** Bytes that look random, the same for the same `seed`: no two offsets hold the same 4 KiB. */
export function pattern(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = (seed + 1) * 0x9e3779b1;
  for (let index = 0; index < size; index += 1) {
    // xorshift32: cheap, and its period of 2^32 - 1 is longer than any body here.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
  return bytes;
}

/** A body of `bytes` in chunks of `chunkSize`. */
export async function* bodyOf(bytes: Uint8Array, chunkSize = 65_536): ObjectBody {
  for (let start = 0; start < bytes.length; start += chunkSize)
    yield bytes.subarray(start, start + chunkSize);
}

/** One chunk, or what is to be done when the chunk is asked for: wait, fail. */
export type BodyStep = Uint8Array | (() => Promise<Uint8Array>);

/** A body that records how it is read. */
export class ProbeBody implements ObjectBody {
  /** How many times somebody began to read. */
  iterations = 0;
  /** Chunks that were asked for, the end included. */
  reads = 0;
  /** Whether a chunk was asked for while another was awaited. */
  readConcurrently = false;
  /** Whether `return()` was called. */
  closed = false;
  /** Whether it was read to its end. */
  finished = false;
  readonly #steps: readonly BodyStep[];

  constructor(steps: readonly BodyStep[]) {
    this.#steps = steps;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.iterations += 1;
    let position = 0;
    let pending = false;
    return {
      next: async () => {
        this.reads += 1;
        if (pending) this.readConcurrently = true;
        pending = true;
        try {
          const step = this.#steps[position];
          position += 1;
          if (step === undefined) {
            this.finished = true;
            return { done: true, value: undefined };
          }
          return { done: false, value: typeof step === 'function' ? await step() : step };
        } finally {
          pending = false;
        }
      },
      return: () => {
        this.closed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

/** A put that waits between its first and its last chunk. */
export interface HeldPut {
  readonly body: ProbeBody;
  readonly outcome: Promise<Outcome<ObjectInfo>>;
  /** Lets the body go on to its last chunk and its end. */
  release(): void;
}

/**
 * Begins a put and returns when its first chunk was taken and the second asked for.
 *
 * @throws ConformanceFailure if the put settles without asking for the second chunk.
 */
export async function holdPut(
  target: StorageTarget,
  key: ObjectKey,
  [head, tail]: readonly [Uint8Array, Uint8Array],
  options?: PutOptions,
): Promise<HeldPut> {
  const reached = Promise.withResolvers<'reached'>();
  const released = Promise.withResolvers<Uint8Array>();
  const body = new ProbeBody([
    head,
    () => {
      reached.resolve('reached');
      return released.promise;
    },
  ]);
  const outcome = outcomeOf(target.put(key, body, options));
  const first = await Promise.race([reached.promise, outcome]);
  if (first !== 'reached') {
    throw new ConformanceFailure('put settled before its body was read to the end', {
      cause: first.ok ? undefined : first.error,
    });
  }
  return { body, outcome, release: () => released.resolve(tail) };
}
