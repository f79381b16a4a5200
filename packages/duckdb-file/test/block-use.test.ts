import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  blockOffset,
  type BlockUse,
  type DatabaseHeader,
  DuckdbFileError,
  isBlockValid,
  parseHead,
  readBlockUse,
} from '../src/index.ts';
import { NO_POINTER } from '../src/lib/metadata-stream.ts';
import {
  type FreeList,
  freeListBytes,
  headerWith,
  MetadataBlocks,
  type Place,
  pointerTo,
} from './free-list-writer.ts';
import { CLEAR_GOLDENS, type Golden } from './golden-files.ts';

const SMALL = 16_384;
const NOTHING: FreeList = { free: [], multiUse: [], metadata: [] };

const blockOf = (golden: Golden, id: number, size: number): Uint8Array =>
  golden.database.subarray(blockOffset(id, size), blockOffset(id + 1, size));

const idsBelow = (count: number, is: (id: number) => boolean): number[] =>
  Array.from({ length: count }, (_, id) => id).filter(is);

const indexesOf = (mask: bigint): number[] => idsBelow(64, (bit) => ((mask >> BigInt(bit)) & 1n) === 1n);

/** The header of the checkpoint that the facts are about: the previous one if a later one reached its header. */
function headerOfFacts(golden: Golden): DatabaseHeader {
  const { layout } = parseHead(golden.database);
  if (layout.kind !== 'clear') throw new Error('the layout is opaque');
  const [first, second] = layout.headers;
  if (golden.scenario.kind !== 'marker-after-header') return layout.active;
  return layout.active === first ? second : first;
}

async function codeOf(promise: Promise<BlockUse>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => {
      if (error instanceof DuckdbFileError) return error.code;
      throw error;
    },
  );
}

describe.each(CLEAR_GOLDENS)('the blocks of $name', (golden) => {
  const header = headerOfFacts(golden);
  const readBlock = (id: number): Promise<Uint8Array> =>
    Promise.resolve(blockOf(golden, id, header.blockSize));

  test('are used, free and metadata as DuckDB itself says', async () => {
    const { facts } = golden;
    const use = await readBlockUse(header, readBlock);
    const isFree = (id: number): boolean => !use.isUsed(id);
    expect(use.blockCount).toBe(header.blockCount);
    expect(use.usedCount).toBe(facts.usedBlocks);
    expect(use.usedCount + use.freeCount).toBe(use.blockCount);
    expect(idsBelow(use.blockCount, (id) => use.isUsed(id))).toHaveLength(facts.usedBlocks);
    // DuckDB cuts free blocks off the end of the file right after it wrote the header that still counts them.
    expect(idsBelow(facts.totalBlocks, isFree)).toHaveLength(facts.freeBlocks);
    expect(facts.dataBlocks.filter(isFree)).toStrictEqual([]);
    const metadata = [...use.metadata].map(([block, mask]) => ({ block, freeSubBlocks: indexesOf(mask) }));
    expect(metadata.sort((a, b) => a.block - b.block)).toStrictEqual(facts.metadata);
    expect(idsBelow(use.blockCount, (id) => use.isMetadata(id))).toStrictEqual(
      facts.metadata.map(({ block }) => block),
    );
  });

  test('match their checksums wherever they are in use', async () => {
    const use = await readBlockUse(header, readBlock);
    const used = idsBelow(use.blockCount, (id) => use.isUsed(id));
    expect(used.filter((id) => !isBlockValid(blockOf(golden, id, header.blockSize)))).toStrictEqual([]);
  });
});

test('some golden file has free blocks and some has shared ones', async () => {
  const uses = await Promise.all(
    CLEAR_GOLDENS.map((golden) => {
      const header = headerOfFacts(golden);
      return readBlockUse(header, (id) => Promise.resolve(blockOf(golden, id, header.blockSize)));
    }),
  );
  expect(uses.some((use) => use.freeCount > 0)).toBe(true);
  expect(uses.some((use) => use.multiUse.size > 0)).toBe(true);
});

/** Writes a chain with these bytes and returns the pointer to it. */
function written(
  bytes: Uint8Array,
  places: readonly Place[] = [[0, 0]],
  last?: bigint,
): (blocks: MetadataBlocks) => bigint {
  return (blocks) => pointerTo(blocks.write(bytes, places, last)[0] ?? [0, 0]);
}

function numbers(...values: readonly bigint[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values).buffer);
}

function sharedOnce(...ids: readonly number[]): FreeList['multiUse'] {
  return ids.map((id) => [id, 1]);
}

describe('readBlockUse', () => {
  test('takes all blocks as used when there is no free list', async () => {
    const use = await readBlockUse(headerWith(NO_POINTER, 5, SMALL), () =>
      Promise.reject(new Error('not read')),
    );
    expect(idsBelow(9, (id) => use.isUsed(id))).toStrictEqual([0, 1, 2, 3, 4]);
    expect([use.usedCount, use.freeCount, use.metadata.size]).toStrictEqual([5, 0, 0]);
    expect([use.isUsed(-1), use.isUsed(1.5)]).toStrictEqual([false, false]);
  });

  test('reads back any list wherever its sub-blocks lie', async () => {
    const uses = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const mask = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    // Data blocks from 100 on; the list lies in blocks 0 to 2, in sub-blocks of any order.
    const list = fc.uniqueArray(fc.integer({ min: 100, max: 2000 }), { maxLength: 400 }).chain((ids) =>
      fc.record({
        free: fc.constant(ids.slice(0, ids.length / 2).sort((a, b) => a - b)),
        multiUse: fc.tuple(...ids.slice(ids.length / 2).map((id) => fc.tuple(fc.constant(id), uses))),
        metadata: fc.tuple(...[0, 1, 2].map((id) => fc.tuple(fc.constant(id), mask))),
      }),
    );
    const everywhere = [0, 1, 2].flatMap((block) =>
      Array.from({ length: 64 }, (_, index): Place => [block, index]),
    );
    const places = fc.shuffledSubarray(everywhere, { minLength: everywhere.length });
    await fc.assert(
      fc.asyncProperty(
        list,
        places,
        fc.integer({ min: 100, max: 2001 }),
        async (written, order, blockCount) => {
          const blocks = new MetadataBlocks(SMALL);
          const taken = blocks.write(freeListBytes(written), order);
          const header = headerWith(pointerTo(taken[0] ?? [0, 0]), blockCount, SMALL);
          const use = await readBlockUse(header, blocks.reader());
          const free = written.free.filter((id) => id < blockCount);
          expect(idsBelow(blockCount, (id) => !use.isUsed(id))).toStrictEqual(free);
          expect([use.freeCount, use.usedCount]).toStrictEqual([free.length, blockCount - free.length]);
          expect([...use.multiUse]).toStrictEqual(written.multiUse);
          expect([...use.metadata]).toStrictEqual(written.metadata);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('reads a list of a hundred thousand blocks in default blocks', async () => {
    const free = Array.from({ length: 100_000 }, (_, index) => 1000 + index * 37);
    const blocks = new MetadataBlocks(262_144);
    const order = [7, 8, 9, 10].flatMap((block) =>
      Array.from({ length: 64 }, (_, index): Place => [block, index]),
    );
    blocks.write(freeListBytes({ ...NOTHING, free }), order);
    const use = await readBlockUse(headerWith(pointerTo([7, 0]), 4_000_000, 262_144), blocks.reader());
    expect(use.freeCount).toBe(100_000);
    expect(free.filter((id) => use.isUsed(id) || !use.isUsed(id + 1))).toStrictEqual([]);
  });

  test('needs little memory for a header that claims 2^40 blocks', async () => {
    const blocks = new MetadataBlocks(SMALL);
    blocks.write(freeListBytes({ ...NOTHING, free: [3, 2 ** 40 - 1] }), [[0, 0]]);
    const use = await readBlockUse(headerWith(pointerTo([0, 0]), 2 ** 40, SMALL), blocks.reader());
    expect([use.usedCount, use.isUsed(3), use.isUsed(2 ** 40 - 1)]).toStrictEqual([
      2 ** 40 - 2,
      false,
      false,
    ]);
    expect(use.isUsed(2 ** 40 - 2)).toBe(true);
  });

  test('stores a block too many when a list contradicts itself', async () => {
    const blocks = new MetadataBlocks(SMALL);
    const list = { free: [0, 5, 6, 7], multiUse: [[6, 2]], metadata: [[7, 1n]] } as const;
    blocks.write(freeListBytes(list), [[0, 3]]);
    const use = await readBlockUse(headerWith(pointerTo([0, 3]), 10, SMALL), blocks.reader());
    expect(idsBelow(10, (id) => !use.isUsed(id))).toStrictEqual([5]);
    expect(use.usedCount).toBe(9);
  });

  test.each([
    ['points beyond the last block', /sub-block 0 of block 10,/, () => pointerTo([10, 0])],
    ['points to a sub-block that cannot be', /sub-block 64 of block 0,/, () => pointerTo([0, 64])],
    ['ends before its last value', /ends before/, written(numbers(40n, ...Array(29).fill(99n)))],
    [
      'claims more values than there can be',
      /ends before/,
      written(numbers(2n ** 63n, ...Array(29).fill(99n))),
    ],
    [
      'runs in a loop',
      /sub-block 2 of block 0 twice/,
      written(
        numbers(2n ** 63n, ...Array(59).fill(99n)),
        [
          [0, 2],
          [1, 5],
        ],
        pointerTo([0, 2]),
      ),
    ],
    ['names a free block twice', /block 4 twice/, written(freeListBytes({ ...NOTHING, free: [4, 5, 4] }))],
    [
      'names a shared block twice',
      /block 4 twice/,
      written(freeListBytes({ ...NOTHING, multiUse: sharedOnce(4, 4) })),
    ],
    [
      'names a metadata block twice',
      /block 2 twice/,
      written(
        freeListBytes({
          ...NOTHING,
          metadata: [
            [2, 1n],
            [2, 2n],
          ],
        }),
      ),
    ],
    ['names a negative block', /block -2$/, written(numbers(1n, 2n ** 64n - 2n, 0n, 0n))],
    ['lies in a block that does not match its checksum', /block 9, which/, () => pointerTo([9, 0])],
  ] as const)('says TORN of a list that %s', async (_what, message, write) => {
    const blocks = new MetadataBlocks(SMALL);
    const header = headerWith(write(blocks), 10, SMALL);
    expect(await codeOf(readBlockUse(header, blocks.reader()))).toBe('TORN');
    await expect(readBlockUse(header, blocks.reader())).rejects.toThrow(message);
  });

  test('says TORN when the file ends within a block of the list', async () => {
    const blocks = new MetadataBlocks(SMALL);
    blocks.write(freeListBytes(NOTHING), [[0, 0]]);
    const read = async (id: number): Promise<Uint8Array> => (await blocks.reader()(id)).subarray(0, 4096);
    expect(await codeOf(readBlockUse(headerWith(pointerTo([0, 0]), 10, SMALL), read))).toBe('TORN');
  });

  test('passes on what the reading itself throws', async () => {
    const failure = new Error('disk');
    const read = (): Promise<Uint8Array> => Promise.reject(failure);
    await expect(readBlockUse(headerWith(pointerTo([0, 0]), 10, SMALL), read)).rejects.toBe(failure);
  });

  test('ends with a result or TORN whatever sealed blocks say', async () => {
    const number = fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    const stream = fc.array(number, { minLength: 1, maxLength: 90 }).map((values) => {
      const bytes = Buffer.alloc(values.length * 8);
      for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, index * 8);
      return bytes;
    });
    await fc.assert(
      fc.asyncProperty(stream, number, async (bytes, last) => {
        const blocks = new MetadataBlocks(SMALL);
        const places: readonly Place[] = [
          [0, 1],
          [3, 0],
          [0, 2],
        ];
        blocks.write(bytes, places, last);
        const code = await codeOf(readBlockUse(headerWith(pointerTo([0, 1]), 10, SMALL), blocks.reader()));
        expect(['accepted', 'TORN']).toContain(code);
      }),
    );
  });
});
