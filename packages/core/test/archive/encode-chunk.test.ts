import { createHash, randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import type { Compression } from '../../src/lib/api.ts';
import { createCodec } from '../../src/lib/archive/compression.ts';
import { EncodeThreads, PoolEncoder } from '../../src/lib/archive/encode-chunk.ts';

const COMPRESSIONS: readonly Compression[] = [
  { algorithm: 'zstd', level: 3 },
  { algorithm: 'zstd', level: 19 },
  { algorithm: 'gzip', level: 6 },
  { algorithm: 'none' },
];

/** Chunks of all sorts: small ones, whose frames share memory with others, random ones and ones that repeat. */
const chunks = Array.from({ length: 60 }, (_, k) => {
  const bytes = Buffer.from(new SharedArrayBuffer(k % 3 === 0 ? 100 + k : 200_000 + k));
  if (k % 2 === 0) randomBytes(bytes.length).copy(bytes);
  else bytes.fill(`row ${k} `);
  return bytes;
});

test.each(COMPRESSIONS)(
  'threads make the same frames as the pool: $algorithm $level',
  async (compression) => {
    await using threads = new EncodeThreads(compression, { threads: 3 });
    await using pool = new PoolEncoder(createCodec(compression));
    const ofThreads = await Promise.all(chunks.map((chunk) => threads.encode(chunk)));
    const ofPool = await Promise.all(chunks.map((chunk) => pool.encode(chunk)));
    for (const [place, chunk] of chunks.entries()) {
      const [a, b] = [ofThreads[place], ofPool[place]];
      if (a === undefined || b === undefined) throw new Error('missing');
      expect(Buffer.from(a.frame).equals(b.frame)).toBe(true);
      expect(Buffer.from(a.hash).toString('hex')).toBe(createHash('sha256').update(chunk).digest('hex'));
      expect(Buffer.from(b.hash).equals(a.hash)).toBe(true);
    }
  },
);

test('threads that have ended by an error fail what is asked of them', async () => {
  await using threads = new EncodeThreads({ algorithm: 'zstd', level: 99 }, { threads: 1 });
  await expect(threads.encode(randomBytes(1000))).rejects.toThrow('level');
  await expect(threads.encode(randomBytes(1000))).rejects.toThrow('level');
});
