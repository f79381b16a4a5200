import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { type PackedPiece, packPages } from '../../src/lib/archive/pack-pages.ts';

async function* each(pieces: readonly PackedPiece[]): AsyncGenerator<PackedPiece> {
  yield* pieces;
}

test('pieces of any lengths come out as the same bytes in whole pages', async () => {
  const pieces = fc.array(
    fc.tuple(fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 2_500_000 })), fc.nat({ max: 255 }), fc.boolean()),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (list) => {
      const expected = Buffer.concat(list.map(([length, byte]) => Buffer.alloc(length, byte)));
      const packed = list.map(([length, byte, owned]) => ({
        bytes: new Uint8Array(length).fill(byte),
        owned,
      }));
      const pages: Uint8Array[] = [];
      for await (const page of packPages(each(packed))) pages.push(page);
      expect(Buffer.concat(pages).equals(expected)).toBe(true);
      for (const page of pages.slice(0, -1)) expect(page.length).toBe(1024 * 1024);
      expect(pages.every(({ length }) => length > 0)).toBe(true);
      // Every page is its reader's own.
      expect(new Set(pages.map(({ buffer }) => buffer)).size).toBe(pages.length);
      for (const [number, [length, , owned]] of list.entries()) {
        const freed = packed[number]?.bytes.length !== length;
        expect(freed).toBe(owned && length >= 128 * 1024);
      }
    }),
    { numRuns: 25 },
  );
});
