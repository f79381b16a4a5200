import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  type ChunkLocation,
  ChunkTable,
  CHUNKS_PER_PAGE,
  chunksInPage,
  pageBytes,
} from '../../src/lib/archive/chunk-table.ts';

const location = fc.record<ChunkLocation>({
  archive: fc.nat({ max: 0xffff_fffe }),
  offset: fc.maxSafeNat(),
  length: fc.nat({ max: 0xffff_ffff }),
});
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('what is set is found again, through its pages as well, and the rest are holes', () => {
  const rows = fc.dictionary(fc.nat({ max: 9000 }).map(String), fc.tuple(hash, location), { maxKeys: 20 });
  fc.assert(
    fc.property(fc.integer({ min: 9001, max: 9500 }), rows, (count, chosen) => {
      const table = ChunkTable.create(count);
      for (const [chunk, [bytes, place]] of Object.entries(chosen)) table.set(Number(chunk), bytes, place);
      const again = ChunkTable.fromPages(
        count,
        table.pages.map((page) => Uint8Array.from(page)),
      );
      for (let chunk = 0; chunk < count; chunk += 1) {
        const row = chosen[String(chunk)];
        expect(again.location(chunk)).toEqual(row?.[1]);
        if (row !== undefined) expect([...again.hash(chunk)]).toEqual([...row[0]]);
      }
    }),
    { numRuns: 20 },
  );
});

test('pages have the lengths that the format says', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 * CHUNKS_PER_PAGE }), (count) => {
      const { pages } = ChunkTable.create(count);
      expect(pages.length).toBe(Math.ceil(count / CHUNKS_PER_PAGE));
      for (const [page, bytes] of pages.entries()) {
        expect(bytes.length).toBe(48 * chunksInPage(count, page));
        expect(bytes.length).toBe(pageBytes(chunksInPage(count, page)));
      }
    }),
    { numRuns: 50 },
  );
});

test('a page is laid out as docs/format.md says', () => {
  const table = ChunkTable.create(2);
  table.set(1, new Uint8Array(32).fill(7), { archive: 3, offset: 0x1_0000_0002, length: 5 });
  const hex = Buffer.from(table.pages[0] ?? []).toString('hex');
  expect(hex).toBe(
    [
      '00'.repeat(32),
      '07'.repeat(32),
      'ffffffff',
      '03000000',
      '00'.repeat(8),
      '0200000001000000',
      '00000000',
      '05000000',
    ].join(''),
  );
});

test.each([-1, 2, 1e9])('chunk %i of two is refused', (chunk) => {
  const table = ChunkTable.create(2);
  expect(() => table.location(chunk)).toThrow(RangeError);
  expect(() => table.hash(chunk)).toThrow(RangeError);
});
