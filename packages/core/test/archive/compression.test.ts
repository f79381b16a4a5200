import { spawnSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { algorithmOfKey, COMPRESSION_LEVELS, createCodec } from '../../src/lib/archive/compression.ts';

const chunk = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  fc
    .tuple(fc.nat({ max: 262_144 }), fc.nat({ max: 255 }))
    .map(([length, byte]) => new Uint8Array(length).fill(byte)),
);

describe.each(['zstd', 'gzip', 'none'] as const)('%s', (algorithm) => {
  const codec = createCodec({ algorithm });

  test('gives back every chunk, and refuses every other length', async () => {
    await fc.assert(
      fc.asyncProperty(chunk, fc.integer({ min: -3, max: 3 }), async (bytes, off) => {
        const frame = await codec.encode(bytes);
        expect(Buffer.compare(await codec.decode(frame, bytes.length), bytes)).toBe(0);
        if (off === 0 || bytes.length + off < 0) return;
        await expect(codec.decode(frame, bytes.length + off)).rejects.toMatchObject({
          code: 'BACKUP_DAMAGED',
        });
      }),
      { numRuns: 60 },
    );
  });

  test('refuses every frame that is cut off', async () => {
    const frame = await codec.encode(Buffer.from('some bytes that are worth keeping'.repeat(20)));
    for (let length = 0; length < frame.length; length += 1) {
      await expect(codec.decode(frame.subarray(0, length), 660)).rejects.toMatchObject({
        code: 'BACKUP_DAMAGED',
      });
    }
  });
});

test.each([
  ['zstd', 'zstd'],
  ['gzip', 'gzip'],
] as const)('frames of %s one after another are what the tool %s decodes', async (algorithm, tool) => {
  const chunks = [Buffer.from('head'), Buffer.alloc(262_144, 1), Buffer.alloc(0), Buffer.from('end')];
  for (const level of [COMPRESSION_LEVELS[algorithm].min, COMPRESSION_LEVELS[algorithm].max]) {
    const codec = createCodec({ algorithm, level });
    const frames = await Promise.all(chunks.map((bytes) => codec.encode(bytes)));
    const { stdout, status } = spawnSync(tool, ['-d', '-c'], { input: Buffer.concat(frames) });
    expect(status).toBe(0);
    expect(stdout.equals(Buffer.concat(chunks))).toBe(true);
  }
});

test('two frames where one must be are refused where the decoder sees both', async () => {
  for (const algorithm of ['gzip', 'none'] as const) {
    const codec = createCodec({ algorithm });
    const frame = await codec.encode(Buffer.from('abc'));
    await expect(codec.decode(Buffer.concat([frame, frame]), 3)).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
    });
  }
});

test.each([
  ['zstd', zstdCompressSync],
  ['gzip', gzipSync],
] as const)('a bomb of %s stops at the length that was asked for', async (algorithm, compress) => {
  const bomb = compress(Buffer.alloc(200 * 1024 * 1024));
  const before = process.memoryUsage().rss;
  const codec = createCodec({ algorithm });
  await expect(codec.decode(bomb, 262_144)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  // And room is not made for what is only claimed: it would be taken when the call is made.
  const { arrayBuffers } = process.memoryUsage();
  const decoding = codec.decode(bomb.subarray(0, 100), 2 ** 30);
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(8 * 1024 * 1024);
  await expect(decoding).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
});

test('levels that an algorithm does not have are refused', () => {
  for (const [algorithm, level] of [
    ['zstd', 0],
    ['zstd', 23],
    ['zstd', 1.5],
    ['gzip', 10],
    ['none', 1],
  ] as const) {
    expect(() => createCodec({ algorithm, level })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  }
});

test('the algorithm is told by the ending of a key', () => {
  expect(['a.tar.zst', 'a.tar.gz', 'a.tar'].map(algorithmOfKey)).toEqual(['zstd', 'gzip', 'none']);
});
