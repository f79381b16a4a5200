import { createHash, randomBytes } from 'node:crypto';

import * as fc from 'fast-check';

import { type EncryptedSource, encryptStream, type Recipient } from '../src/index.ts';

/** Gives `bytes` in parts of random lengths, as a network does. */
export async function* inParts(bytes: Uint8Array, longest = 200_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(Math.random() * longest);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** What came before the end or the error, and the error. */
export async function collectUntilError(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly bytes: Buffer; readonly error: unknown }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of stream) parts.push(part);
  } catch (error) {
    return { bytes: Buffer.concat(parts), error };
  }
  return { bytes: Buffer.concat(parts), error: undefined };
}

export function encrypted(plain: Uint8Array, recipients: readonly Recipient[]): Promise<Buffer> {
  return collect(encryptStream(recipients)(inParts(plain)));
}

/** An encrypted file in memory that remembers what was read of it. */
export class MemorySource implements EncryptedSource {
  readonly #bytes: Uint8Array;
  readonly reads: { readonly offset: number; readonly length: number }[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.reads.push({ offset, length });
    if (offset < 0 || offset + length > this.#bytes.length)
      throw new Error(`read past the end: ${offset}+${length}`);
    return new Uint8Array(this.#bytes.subarray(offset, offset + length));
  }
}

export function randomBuffer(length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : randomBytes(length);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A whole number from `least` to `greatest`, both included. */
export function randomInteger(least: number, greatest: number): number {
  return least + Math.floor(Math.random() * (greatest - least + 1));
}

/** Sizes of contents that lie at and around the borders of pieces, and some anywhere. */
export const sizeNearBorder: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 300_000 }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -20, max: 20 }))
      .map(([pieces, more]) => Math.max(0, pieces * 65_536 + more)),
  },
);
