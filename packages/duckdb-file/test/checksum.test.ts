import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { duckdbChecksum, isBlockValid, storedBlockChecksum } from '../src/index.ts';
import { KERNEL_BYTES } from '../src/lib/checksum-kernel.ts';
import { RunningChecksum } from '../src/lib/checksum.ts';
import { pieces } from './pieces.ts';
import { referenceChecksum, seal } from './reference-checksum.ts';

const anyBytes = fc.uint8Array({ maxLength: 700 });

function noise(length: number): Uint8Array {
  let state = 12_345;
  return Uint8Array.from({ length }, () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) >> 16);
}

describe('duckdbChecksum', () => {
  test('gives the values that were read from real files', () => {
    const walFlush = Uint8Array.of(0x64, 0x00, 0x64, 0xff, 0xff);
    const header = new Uint8Array(4088);
    const words = new BigUint64Array([0n, 2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 262_144n, 2048n, 1n]);
    header.set(new Uint8Array(words.buffer));
    expect(duckdbChecksum(new Uint8Array(4088))).toBe(0x1505n);
    expect(duckdbChecksum(header)).toBe(0x60d75c19ad2d38bcn);
    expect(duckdbChecksum(Buffer.from('DUCKDUCK'))).toBe(0xcbae44ecff7e6721n);
    expect(duckdbChecksum(Buffer.from('hello'))).toBe(0xc656272f1aa33fb0n);
    expect(duckdbChecksum(walFlush)).toBe(0x5e3ded2f727dfee7n);
    expect(duckdbChecksum(new Uint8Array(0))).toBe(5381n);
  });

  test('equals the plain implementation for bytes of any length', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => duckdbChecksum(bytes) === referenceChecksum(bytes)),
      { numRuns: 500 },
    );
  });

  test('does not depend on where in its buffer the bytes lie', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(15), (bytes, shift) => {
        const shifted = new Uint8Array(bytes.length + shift + 3).fill(0xa5);
        shifted.set(bytes, shift);
        return duckdbChecksum(shifted.subarray(shift, shift + bytes.length)) === referenceChecksum(bytes);
      }),
    );
  });

  test('equals the plain implementation around and above the size that the kernel takes at once', () => {
    for (const extra of [-8, -1, 0, 1, 8, 65, KERNEL_BYTES + 13]) {
      const bytes = noise(KERNEL_BYTES + extra);
      expect(duckdbChecksum(bytes)).toBe(referenceChecksum(bytes));
    }
  });

  test('is not disturbed by what was summed before', () => {
    const short = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    duckdbChecksum(noise(KERNEL_BYTES));
    expect(duckdbChecksum(short)).toBe(referenceChecksum(short));
  });
});

test('a checksum of pieces equals the checksum of the whole', () => {
  const cut = anyBytes.chain((bytes) => fc.tuple(fc.constant(bytes), pieces(bytes)));
  fc.assert(
    fc.property(cut, ([bytes, parts]) => {
      const running = new RunningChecksum();
      let seen = 0;
      for (const part of parts) {
        running.add(part);
        seen += part.length;
        expect(running.value()).toBe(referenceChecksum(bytes.subarray(0, seen)));
      }
    }),
  );
});

describe('isBlockValid', () => {
  const block = seal(noise(16_384));

  test('accepts a block that carries its checksum', () => {
    expect(isBlockValid(block)).toBe(true);
    expect(storedBlockChecksum(block)).toBe(referenceChecksum(block.subarray(8)));
  });

  test('refuses any change of a single byte', () => {
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(block);
        changed[at] = (changed[at] ?? 0) ^ flip;
        return !isBlockValid(changed);
      }),
    );
  });

  test('refuses a block of zeros, a cut block and one too short for a checksum', () => {
    expect(isBlockValid(new Uint8Array(16_384))).toBe(false);
    expect(isBlockValid(block.subarray(0, 8000))).toBe(false);
    expect(isBlockValid(new Uint8Array(7))).toBe(false);
  });
});
