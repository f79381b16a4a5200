import { createHash, randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encryptStream, generateIdentity, openEncrypted, recipientOf } from '@quackup/age';
import { expect, test } from 'vitest';

import { createCodec } from '../../src/lib/archive/compression.ts';
import { DecodeThreads } from '../../src/lib/read/decode-threads.ts';
import type { DecodeTask } from '../../src/lib/read/decode-task.ts';
import { tempFolder } from '../make-database.ts';

const CHUNK = 50_000;

/** A task that writes `chunks` one after another from `position` on. */
async function task(
  fd: number,
  algorithm: DecodeTask['algorithm'],
  chunks: readonly Buffer[],
  position: number,
): Promise<DecodeTask> {
  const codec = createCodec({ algorithm });
  const frames: DecodeTask['frames'][number][] = [];
  const stored: Uint8Array[] = [];
  let at = 0;
  for (const [place, chunk] of chunks.entries()) {
    const frame = await codec.encode(chunk);
    frames.push({
      chunk: place,
      at,
      length: frame.length,
      chunkBytes: chunk.length,
      sha256: createHash('sha256').update(chunk).digest(),
      position: position + place * CHUNK,
    });
    stored.push(frame);
    at += frame.length;
  }
  return { algorithm, fd, stored: new Uint8Array(Buffer.concat(stored)), frames };
}

test.each(['zstd', 'gzip', 'none'] as const)(
  'many %s tasks at once all reach their places',
  async (algorithm) => {
    using folder = tempFolder();
    const path = join(folder.path, 'out');
    const content = randomBytes(40 * CHUNK);
    await using handle = await open(path, 'wx+');
    await using pool = new DecodeThreads(3);
    const answers = await Promise.all(
      Array.from({ length: 10 }, async (_, k) => {
        const position = k * 4 * CHUNK;
        const chunks = Array.from({ length: 4 }, (__, c) =>
          content.subarray(position + c * CHUNK, position + (c + 1) * CHUNK),
        );
        return pool.run(await task(handle.fd, algorithm, chunks, position));
      }),
    );
    expect(answers).toEqual(Array.from({ length: 10 }, () => ({ ok: true, bytes: 4 * CHUNK })));
    expect((await readFile(path)).equals(content)).toBe(true);
  },
);

test('a chunk that is not what it was is named, and nothing of it is written', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'out');
  await using handle = await open(path, 'wx+');
  await using pool = new DecodeThreads(2);
  const chunk = randomBytes(CHUNK);
  const good = await task(handle.fd, 'zstd', [chunk], 0);
  const [frame] = good.frames;
  if (frame === undefined) throw new Error('no frame');

  const otherHash = { ...good, stored: good.stored.slice(), frames: [{ ...frame, sha256: randomBytes(32) }] };
  expect(await pool.run(otherHash)).toMatchObject({ ok: false, chunk: 0 });
  const bitFlipped = { ...good, stored: good.stored.slice() };
  bitFlipped.stored[100] = (bitFlipped.stored[100] ?? 0) ^ 1;
  expect(await pool.run(bitFlipped)).toMatchObject({ ok: false, chunk: 0 });
  const longer = { ...good, stored: good.stored.slice(), frames: [{ ...frame, chunkBytes: CHUNK - 1 }] };
  expect(await pool.run(longer)).toMatchObject({ ok: false, chunk: 0 });
  expect((await readFile(path)).length).toBe(0);
  expect(await pool.run(good)).toEqual({ ok: true, bytes: CHUNK });
});

test('a file that cannot be written is told with its code', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'out');
  await using writable = await open(path, 'wx');
  await using readOnly = await open(path, 'r');
  await using pool = new DecodeThreads(1);
  const answer = await pool.run(await task(readOnly.fd, 'none', [randomBytes(CHUNK)], 0));
  expect(answer).toMatchObject({ ok: false, errno: { code: 'EBADF' } });
  expect((await writable.stat()).size).toBe(0);
});

test('a thread that dies fails what it was doing and what comes after', async () => {
  using folder = tempFolder();
  await using handle = await open(join(folder.path, 'out'), 'wx');
  await using pool = new DecodeThreads(1);
  const broken = { ...(await task(handle.fd, 'none', [randomBytes(CHUNK)], 0)), frames: 1 as never };
  await expect(pool.run(broken)).rejects.toThrow('not iterable');
  await expect(pool.run(await task(handle.fd, 'none', [randomBytes(CHUNK)], 0))).rejects.toThrow(
    'not iterable',
  );
});

test('an encrypted range is opened on the thread, and nothing of one that was changed is written', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'out');
  await using handle = await open(path, 'wx+');
  await using pool = new DecodeThreads(2);
  const chunks = Array.from({ length: 4 }, () => randomBytes(CHUNK));
  const plain = await task(handle.fd, 'zstd', chunks, 0);
  const identity = await generateIdentity();
  const file: Uint8Array[] = [];
  async function* content(): AsyncGenerator<Uint8Array> {
    // The range neither begins nor ends at the border of a piece.
    yield Buffer.concat([randomBytes(70_000), plain.stored, randomBytes(70_000)]);
  }
  for await (const bytes of encryptStream([await recipientOf(identity)])(content())) file.push(bytes);
  const bytes = Buffer.concat(file);
  const source = {
    size: bytes.length,
    read: async (offset: number, length: number) => new Uint8Array(bytes.subarray(offset, offset + length)),
  };
  const opened = await openEncrypted(source, [identity]);
  const encrypted = async (change?: (stored: Uint8Array) => void): Promise<DecodeTask> => {
    const { stored, ...sealed } = await opened.readSealed(70_000, plain.stored.length);
    change?.(stored);
    return { ...plain, stored, sealed };
  };

  const flipped = await encrypted((stored) => stored.set([(stored.at(-1) ?? 0) ^ 1], stored.length - 1));
  expect(await pool.run(flipped)).toMatchObject({ ok: false, seal: { code: 'PIECE_DAMAGED' } });
  const exchanged = await encrypted((stored) => stored.copyWithin(0, 65_552, 2 * 65_552));
  expect(await pool.run(exchanged)).toMatchObject({ ok: false, seal: { code: 'PIECE_DAMAGED' } });
  expect((await readFile(path)).length).toBe(0);
  expect(await pool.run(await encrypted())).toEqual({ ok: true, bytes: 4 * CHUNK });
  expect((await readFile(path)).equals(Buffer.concat(chunks))).toBe(true);
});
