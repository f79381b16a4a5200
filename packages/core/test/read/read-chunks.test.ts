import type { GetOptions, ObjectKey, ObjectRead } from '@quackup/target-api';
import { MemoryTarget } from '@quackup/target-testkit';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { ChunkTable } from '../../src/lib/archive/chunk-table.ts';
import { createCodec } from '../../src/lib/archive/compression.ts';
import type { ArchiveIndex, IndexHead } from '../../src/lib/archive/index-file.ts';
import { chunksInOrder, readChunk, readChunks } from '../../src/lib/read/read-chunks.ts';
import { TargetClient } from '../../src/lib/target/target-client.ts';
import { sha256 } from '../archive/sealed-backup.ts';
import { onePiece } from '../archive/stored-backup.ts';
import { ArchiveReader } from '../../src/lib/read/archive-reader.ts';

const CHUNK = 16_384;

/** A target that counts what is asked of it. */
class CountingTarget extends MemoryTarget {
  readonly ranges: { readonly key: string; readonly start: number; readonly length: number }[] = [];

  override get(key: ObjectKey, options: GetOptions = {}): Promise<ObjectRead> {
    const { start = 0, end = 0 } = options.range ?? {};
    this.ranges.push({ key, start, length: end - start });
    return super.get(key, options);
  }
}

/** Where each chunk lies: in which archive, with how many bytes of something else in front; undefined for a hole. */
type Plan = readonly ({ readonly archive: number; readonly gap: number } | undefined)[];

async function stored(
  plan: Plan,
): Promise<{ target: CountingTarget; index: ArchiveIndex; contents: (Buffer | undefined)[] }> {
  const codec = createCodec({ algorithm: 'zstd', level: 1 });
  const parts: Uint8Array[][] = [[], [], []];
  const table = ChunkTable.create(plan.length);
  const contents: (Buffer | undefined)[] = [];
  for (const [chunk, place] of plan.entries()) {
    const parts0 = place === undefined ? undefined : parts[place.archive];
    if (place === undefined || parts0 === undefined) {
      contents.push(undefined);
      continue;
    }
    const content = Buffer.alloc(CHUNK, `chunk ${chunk} `);
    const frame = await codec.encode(content);
    parts0.push(new Uint8Array(place.gap));
    const offset = parts0.reduce((sum, { length }) => sum + length, 0);
    parts0.push(frame);
    table.set(chunk, Buffer.from(sha256(content), 'hex'), {
      archive: place.archive,
      offset,
      length: frame.length,
    });
    contents.push(content);
  }
  const target = new CountingTarget();
  const names = parts.map((_, number) => `backup_2026010${number + 1}_000000.tar.zst`);
  for (const [number, pieces] of parts.entries()) {
    await target.put(names[number] as ObjectKey, onePiece(Buffer.concat(pieces)));
  }
  const file = {
    database: 'd',
    role: 'database',
    sizeBytes: plan.length * CHUNK,
    headBytes: 0,
    chunkBytes: CHUNK,
    chunks: plan.length,
  } as const;
  const head = { archives: names.map((name) => ({ name })), files: [file] } as unknown as IndexHead;
  return { target, index: { head, tables: [table] }, contents };
}

const plans = fc.array(
  fc.option(fc.record({ archive: fc.nat({ max: 2 }), gap: fc.constantFrom(0, 0, 0, 40, 60_000, 70_000) }), {
    nil: undefined,
    freq: 4,
  }),
  { minLength: 1, maxLength: 60 },
);

test('every chunk is given once, as it was, wherever it lies; holes are left out', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const { target, index, contents } = await stored(plan);
      const archives = new ArchiveReader(new TargetClient({ name: 'memory', target }));
      const seen = new Map<number, Buffer>();
      await readChunks(archives, index, 0, ({ chunk, bytes }) => {
        expect(seen.has(chunk)).toBe(false);
        seen.set(chunk, Buffer.from(bytes));
      });
      const expected = contents.flatMap((content, chunk) =>
        content === undefined ? [] : [[chunk, content] as const],
      );
      expect(new Map([...seen].sort(([a], [b]) => a - b))).toEqual(new Map(expected));
      const inOrder: number[] = [];
      for await (const { chunk } of chunksInOrder(archives, index, 0)) inOrder.push(chunk);
      expect(inOrder).toEqual(expected.map(([chunk]) => chunk));
      const bytesOf = async (chunk: number): Promise<Buffer | undefined> => {
        const bytes = await readChunk(archives, index, 0, chunk);
        return bytes === undefined ? undefined : Buffer.from(bytes);
      };
      for (const [chunk, content] of contents.entries()) {
        expect((await bytesOf(chunk))?.equals(content ?? Buffer.alloc(0))).toBe(
          content === undefined ? undefined : true,
        );
      }
    }),
    { numRuns: 30 },
  );
});

test('neighbours are read by one range, also over a small gap; what lies far away is not', async () => {
  const { target, index } = await stored([
    { archive: 0, gap: 0 },
    { archive: 0, gap: 0 },
    undefined,
    { archive: 0, gap: 60_000 },
    { archive: 0, gap: 70_000 },
    { archive: 1, gap: 0 },
    { archive: 0, gap: 0 },
  ]);
  await readChunks(new ArchiveReader(new TargetClient({ name: 'memory', target })), index, 0, () => {});
  expect(target.ranges.map(({ key }) => key)).toEqual([
    'backup_20260101_000000.tar.zst',
    'backup_20260101_000000.tar.zst',
    'backup_20260102_000000.tar.zst',
    'backup_20260101_000000.tar.zst',
  ]);
});

test('a range holds no more than 4 MiB of chunks, however well they are compressed', async () => {
  const { target, index } = await stored(Array.from({ length: 600 }, () => ({ archive: 0, gap: 0 })));
  await readChunks(new ArchiveReader(new TargetClient({ name: 'memory', target })), index, 0, () => {});
  expect(target.ranges.length).toBe(Math.ceil((600 * CHUNK) / (4 * 1024 * 1024)));
});

test('a chunk that is not what was backed up, and an archive that is gone, are damage', async () => {
  const { target, index, contents } = await stored([
    { archive: 0, gap: 0 },
    { archive: 1, gap: 0 },
  ]);
  const archives = new ArchiveReader(new TargetClient({ name: 'memory', target }));
  const other = await createCodec({ algorithm: 'zstd', level: 1 }).encode(Buffer.alloc(CHUNK, 'chunk 9 '));
  await target.put(
    'backup_20260101_000000.tar.zst' as ObjectKey,
    onePiece(Buffer.concat([other, Buffer.alloc(99)])),
  );
  await expect(readChunks(archives, index, 0, () => {})).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await target.delete('backup_20260102_000000.tar.zst' as ObjectKey);
  await expect(readChunk(archives, index, 0, 1)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(contents[1]?.length).toBe(CHUNK);
});
