import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ChunkTable } from '../../src/lib/archive/chunk-table.ts';
import { createCodec } from '../../src/lib/archive/compression.ts';
import {
  type ArchiveIndex,
  chunkRange,
  countChunks,
  decodePages,
  encodeIndex,
  type IndexedFile,
  type IndexHead,
  parseIndexHead,
} from '../../src/lib/archive/index-file.ts';

const NAME = 'backup_20260101_000000';

/** An index of files with these numbers of blocks, every third block a hole. */
function indexOf(blocks: readonly number[], chunkBytes: number): ArchiveIndex {
  let offset = 0;
  const tables: ChunkTable[] = [];
  const files: IndexedFile[] = blocks.map((count, number) => {
    const file = {
      database: `d${number} é`,
      role: 'database',
      sizeBytes: 12_288 + count * chunkBytes,
      headBytes: 12_288,
      chunkBytes,
      chunks: count + 1,
    } as const;
    const table = ChunkTable.create(file.chunks);
    for (let chunk = 0; chunk < file.chunks; chunk += 1) {
      if (chunk % 3 === 2) continue;
      table.set(chunk, Buffer.alloc(32, chunk + 1), { archive: 0, offset, length: 100 + chunk });
      offset += 100 + chunk;
    }
    tables.push(table);
    return file;
  });
  const head: IndexHead = {
    format: 1,
    backup: NAME,
    kind: 'full',
    createdAt: '2026-01-01T00:00:00.000Z',
    archives: [{ name: `${NAME}.tar.zst` }],
    databases: files.map(({ database, sizeBytes }) => ({
      name: database,
      path: `/data/${database}`,
      method: 'at-rest',
      takenAt: '2026-01-01T00:00:00.000Z',
      sizeBytes,
      storedBytes: 1,
      mode: 0o600,
      storageVersion: 64,
      createdBy: 'v1.5.6',
      layout: 'clear',
    })),
    failed: [],
    files,
  };
  return { head, tables };
}

const blocks = fc.array(fc.nat({ max: 9000 }), { minLength: 1, maxLength: 4 });
const algorithms = fc.constantFrom('zstd', 'gzip', 'none' as const);

test('an index is read as it was written', async () => {
  await fc.assert(
    fc.asyncProperty(blocks, algorithms, async (counts, algorithm) => {
      const codec = createCodec({ algorithm });
      const index = indexOf(counts, 16_384);
      const { frames, headBytes, sizeBytes } = await encodeIndex(index, codec);
      const head = await codec.decode(frames[0] ?? new Uint8Array(0), headBytes);
      const again = await decodePages(parseIndexHead(head), Buffer.concat(frames.slice(1)), codec);
      expect(again.head).toEqual(index.head);
      const pages = index.tables.flatMap((table) => table.pages);
      expect(sizeBytes).toBe(pages.reduce((sum, page) => sum + page.length, headBytes));
      for (const [file, table] of index.tables.entries()) {
        const pairs = table.pages.map((page, number) =>
          Buffer.compare(page, again.tables[file]?.pages[number] ?? page),
        );
        expect(pairs.every((difference) => difference === 0)).toBe(true);
        expect(again.tables[file]?.count).toBe(table.count);
      }
    }),
    { numRuns: 25 },
  );
});

test('an index that is cut off anywhere is refused', async () => {
  const codec = createCodec({ algorithm: 'none' });
  const { frames } = await encodeIndex(indexOf([5, 3], 16_384), codec);
  const head = Buffer.from(frames[0] ?? []);
  const damaged = expect.objectContaining({ code: 'BACKUP_DAMAGED' });
  for (let length = 0; length < head.length; length += 1) {
    expect(() => parseIndexHead(head.subarray(0, length)), `head of ${length}`).toThrow(damaged);
  }
  expect(() => parseIndexHead(Buffer.concat([head, Buffer.alloc(1)]))).toThrow(damaged);
  const pages = Buffer.concat(frames.slice(1));
  const parsed = parseIndexHead(head);
  for (let length = 0; length < pages.length; length += 1) {
    await expect(decodePages(parsed, pages.subarray(0, length), codec), `pages of ${length}`).rejects.toEqual(
      damaged,
    );
  }
  await expect(decodePages(parsed, Buffer.concat([pages, Buffer.alloc(1)]), codec)).rejects.toEqual(damaged);
});

test('an index of a later version is refused as such', async () => {
  const { frames } = await encodeIndex(indexOf([1], 16_384), createCodec({ algorithm: 'none' }));
  const head = Buffer.from(frames[0] ?? []);
  head.write('QKINDEX2', 'latin1');
  expect(() => parseIndexHead(head)).toThrow(expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }));
});

test('the chunks of a file cover it once, without gaps', () => {
  const file = fc
    .record({
      sizeBytes: fc.nat({ max: 2_000_000 }),
      headBytes: fc.constantFrom(0, 12_288),
      chunkBytes: fc.constantFrom(512, 16_384, 262_144),
    })
    .filter(({ sizeBytes, headBytes }) => sizeBytes >= headBytes);
  fc.assert(
    fc.property(file, (sizes) => {
      const indexed = { ...sizes, database: 'd', role: 'database', chunks: countChunks(sizes) } as const;
      let end = 0;
      for (let chunk = 0; chunk < indexed.chunks; chunk += 1) {
        const { start, length } = chunkRange(indexed, chunk);
        expect(start).toBe(end);
        expect(length).toBeGreaterThan(0);
        end = start + length;
      }
      expect(end).toBe(sizes.sizeBytes);
    }),
    { numRuns: 50 },
  );
});
