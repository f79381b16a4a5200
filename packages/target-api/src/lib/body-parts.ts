import { PartBuffers } from './part-buffers.ts';
import { readBody } from './read-body.ts';
import type { ObjectBody } from './storage-target.ts';

/** A piece of a body that is sent in one request. */
export interface BodyPart {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  /** Whether the body ends with it. */
  readonly last: boolean;
  /** Says that nobody uses the bytes any more: a later part gets their memory. A part that is not released stays as it is. */
  readonly release: () => void;
}

export interface PartOptions {
  /** Length of a part by its number, bytes. */
  readonly sizeOf: (number: number) => number;
  /** Called with the number of bytes so far, before they are taken; throws if there are too many. */
  readonly checkLength: (length: number) => void;
  readonly signal: AbortSignal;
}

// For the first part of a body that may be tiny. It grows by doubling.
const FIRST_BUFFER = 65_536;

/**
 * A body in parts, the last of which says so; at least one part, which is empty for an empty body. A part is given when
 * it is known whether another follows. Its bytes are a copy, which stays as it is until it is released.
 *
 * Release a part when the service has read all of it. If a try to send it has failed, don't: nobody knows what is still on its way.
 */
export async function* bodyParts(
  body: ObjectBody,
  { sizeOf, checkLength, signal }: PartOptions,
): AsyncGenerator<BodyPart, void> {
  let number = 1;
  let [partSize, length, filled] = [sizeOf(number), 0, 0];
  const buffers = new PartBuffers();
  let buffer: Buffer = Buffer.allocUnsafeSlow(Math.min(FIRST_BUFFER, partSize));
  const part = (last: boolean): BodyPart => {
    const whole = buffer;
    return { number, bytes: whole.subarray(0, filled), last, release: () => buffers.give(whole) };
  };
  for await (const chunk of readBody(body, signal)) {
    length += chunk.length;
    checkLength(length);
    for (let offset = 0; offset < chunk.length;) {
      if (filled === partSize) {
        yield part(false);
        number += 1;
        filled = 0;
        partSize = sizeOf(number);
        // The body has filled one part, so it is likely to fill the next.
        buffer = buffers.take(partSize);
      }
      const taken = Math.min(chunk.length - offset, partSize - filled);
      if (filled + taken > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(
          Math.min(partSize, Math.max(2 * buffer.length, filled + taken)),
        );
        buffer.copy(larger, 0, 0, filled);
        buffer = larger;
      }
      buffer.set(chunk.subarray(offset, offset + taken), filled);
      filled += taken;
      offset += taken;
    }
  }
  yield part(true);
}
