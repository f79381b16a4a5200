import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { AlignedBuffers } from '@quackup/target-api';
import { expect, test, vi } from 'vitest';

import { PacedFile } from '../../src/lib/snapshot/paced-file.ts';
import { tempFolder } from '../make-database.ts';

const BLOCK = 262_144;
const BLOCKS = 8;
const HEAD = 12_288;

type OpenDirect = Parameters<typeof PacedFile.direct>[2];

/** Writes a head and blocks that may be written directly; tells how often the file was synced meanwhile. */
async function writeAll(path: string, openDirect?: OpenDirect) {
  const file = await open(path, 'wx+');
  const datasync = vi.spyOn(file, 'datasync');
  const head = Buffer.alloc(HEAD, 255);
  const expected: Buffer[] = [head];
  try {
    using aligned = new AlignedBuffers(BLOCKS, BLOCK);
    await using paced = await PacedFile.direct(file, path, openDirect);
    for (const [id, block] of aligned.buffers.entries()) {
      block.fill(id + 1);
      expected.push(Buffer.from(block));
      await paced.write(block, HEAD + id * BLOCK);
      await paced.settled();
    }
    const portions = datasync.mock.calls.length;
    await paced.write(head, 0);
    await file.sync();
    return { portions, isWhole: readFileSync(path).equals(Buffer.concat(expected)) };
  } finally {
    await file.close();
  }
}

const failing = async () => ({
  write: () => Promise.reject(new Error('EIO')),
  close: async () => {},
});

test('what goes past the cache needs no syncs', async () => {
  using folder = tempFolder();
  const close = vi.fn(async () => {});
  // Writes one block of so many, as if the others were not fit for it.
  const direct = (share: number) => async (path: string) => {
    const handle = await open(path, 'r+');
    return {
      write: async (bytes: Uint8Array, position: number): Promise<boolean> => {
        if (position === 0 || ((position - HEAD) / BLOCK) % share !== 0) return false;
        await handle.write(bytes, 0, bytes.length, position);
        return true;
      },
      close: async () => {
        await close();
        await handle.close();
      },
    };
  };
  const portions = async (share: number): Promise<number> => {
    const written = await writeAll(join(folder.path, `one of ${share}`), direct(share));
    expect(written.isWhole).toBe(true);
    return written.portions;
  };
  // Of 2 MiB, 512 KiB each.
  expect([await portions(1), await portions(8), await portions(NaN)]).toEqual([0, 4, 4]);
  expect(close).toHaveBeenCalledTimes(3);
});

test('where nothing can go past the cache each portion is synced', async () => {
  using folder = tempFolder();
  expect(await writeAll(join(folder.path, 'a'), async () => undefined)).toEqual({
    portions: 2,
    isWhole: true,
  });
});

test('the disk gets one block at a time past the cache, and goes on after one that failed', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a');
  await using file = await open(path, 'wx+');
  const log: string[] = [];
  await using paced = await PacedFile.direct(file, path, async () => ({
    write: async (_bytes, position) => {
      log.push(`begin ${position}`);
      await new Promise((resolve) => void setImmediate(resolve));
      log.push(`end ${position}`);
      if (position === 1) throw new Error('EIO');
      return true;
    },
    close: async () => {},
  }));
  const outcomes = await Promise.allSettled([0, 1, 2].map((id) => paced.write(Buffer.alloc(BLOCK), id)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('an error of the disk is the caller’s', async () => {
  using folder = tempFolder();
  await expect(writeAll(join(folder.path, 'a'), failing)).rejects.toThrow('EIO');
});

test('the same comes out with what this disk can do', async () => {
  using folder = tempFolder();
  expect((await writeAll(join(folder.path, 'a'))).isWhole).toBe(true);
});
