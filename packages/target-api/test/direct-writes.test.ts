import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { AlignedBuffers, DirectWrites } from '../src/index.ts';

const SIZE = 600_000 - (600_000 % 4096);
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-direct-'));
  path = join(folder, 'a');
  writeFileSync(path, Buffer.alloc(3 * SIZE, 1));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Memory for a direct write. */
function aligned(): Buffer {
  const [bytes] = new AlignedBuffers(1, SIZE).buffers;
  if (bytes === undefined) throw new Error('there is no aligned memory here');
  return bytes;
}

/** Direct writes to the file, or the reason why this system has none. */
async function openHere(skip: (reason: string) => never): Promise<DirectWrites> {
  return (await DirectWrites.open(path)) ?? skip('no direct writes to the folder of temporary files');
}

/** Makes every write fail or fall short. */
async function breakWrites(write: (length: number) => Promise<number>): Promise<void> {
  const handle = await open(path);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  vi.spyOn(prototype, 'write').mockImplementation((async (
    buffer: Uint8Array,
    _offset: number,
    length: number,
  ) => ({ buffer, bytesWritten: await write(length) })) as never);
}

const errno = (code: string) => (): Promise<never> =>
  Promise.reject(Object.assign(new Error(code), { code }));

test('writes memory that is aligned, and nothing else', async ({ skip }) => {
  const direct = await openHere(skip);
  const [first, second] = [aligned().fill(2), aligned().fill(3)];
  const written = await Promise.all([direct.write(first, SIZE), direct.write(second, 0)]);
  expect(written).toEqual([true, true]);
  for (const [bytes, position] of [
    [Buffer.alloc(SIZE), 0],
    [first, 100],
    [first.subarray(0, 100), 0],
    [first.subarray(1), 0],
  ] as const)
    expect(await direct.write(bytes, position)).toBe(false);
  await direct.close();
  expect(readFileSync(path).equals(Buffer.concat([second, first, Buffer.alloc(SIZE, 1)]))).toBe(true);
});

test('says what the disk says, but a refusal is for the ordinary way', async ({ skip }) => {
  const bytes = aligned();
  const failing = await openHere(skip);
  await breakWrites(errno('ENOSPC'));
  await expect(failing.write(bytes, 0)).rejects.toThrow('ENOSPC');
  vi.restoreAllMocks();
  // It was not a refusal: it goes on.
  expect(await failing.write(bytes, 0)).toBe(true);
  await breakWrites(errno('EINVAL'));
  expect(await failing.write(bytes, 0)).toBe(false);
  vi.restoreAllMocks();
  // It is not asked again.
  expect(await failing.write(bytes, 0)).toBe(false);
  await failing.close();
});

test('a write that fell short was not one', async ({ skip }) => {
  const bytes = aligned();
  const direct = await openHere(skip);
  await breakWrites(async (length) => length - 4096);
  expect(await direct.write(bytes, 0)).toBe(false);
  await direct.close();
});

test('there are none to a file that is not there', async () => {
  expect(await DirectWrites.open(join(folder, 'none'))).toBeUndefined();
});
