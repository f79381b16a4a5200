import { execFileSync } from 'node:child_process';
import { chmod, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { AlignedBuffers, DirectWrites, objectKey, TargetError } from '@quackup/target-api';
import { describe, expect, it, type TestContext, vi } from 'vitest';

import { LocalTarget } from '../src/index.ts';
import { toTargetError } from '../src/lib/errno-error.ts';
import { PartWriter } from '../src/lib/part-writer.ts';
import { bodyOf, keysOf, tempFolder } from './temp-folder.ts';

const KEY = objectKey('a');
const MIB = 1_048_576;

/** Mounts a file system of 1 MiB in memory, or skips the test with the reason. */
function mountSmallDisk(test: TestContext, folder: string): Disposable & { remountReadOnly(): void } {
  if (process.platform !== 'linux') test.skip('mounting a small disk is done on Linux only');
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    test.skip(`mounting is not allowed here: ${String(error)}`);
  }
  return {
    remountReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'pipe' }),
    // Lazily: a file that broken code leaves open must not leave the disk mounted.
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', folder], { stdio: 'pipe' }),
  };
}

describe('a disk', () => {
  it('that is full refuses the put, keeps what is there and takes smaller objects afterwards', async (test) => {
    await using folder = await tempFolder();
    using _disk = mountSmallDisk(test, folder.path);
    await using target = new LocalTarget(folder.path);
    const old = Buffer.alloc(100_000, 1);
    await target.put(KEY, bodyOf(old));
    const chunks = Array.from({ length: 40 }, () => Buffer.alloc(65_536, 2));
    for (const condition of [{}, { size: 40 * 65_536 }]) {
      await expect(target.put(KEY, bodyOf(...chunks), condition)).rejects.toMatchObject({ code: 'NO_SPACE' });
    }
    expect(await readdir(join(folder.path, '.tmp'))).toEqual([]);
    expect(Buffer.concat(await (await target.get(KEY)).body.toArray())).toEqual(old);
    await target.put(objectKey('b'), bodyOf(old));
    expect(await keysOf(target.list())).toEqual(['a', 'b']);
  });

  it('that is mounted for reading only can be read, and says so when it is written', async (test) => {
    await using folder = await tempFolder();
    using disk = mountSmallDisk(test, folder.path);
    await using target = new LocalTarget(folder.path);
    await target.put(KEY, bodyOf(Buffer.from('quack')));
    disk.remountReadOnly();
    await using again = new LocalTarget(folder.path);
    await expect(again.put(objectKey('b'), bodyOf())).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(again.delete(KEY)).rejects.toMatchObject({ code: 'READ_ONLY' });
    expect(await keysOf(again.list())).toEqual(['a']);
    expect((await again.stat(KEY))?.size).toBe(5);
  });
});

it('says that access is denied if the modes of the folder do not allow it', async (test) => {
  if (process.getuid?.() === 0) test.skip('modes do not bind root');
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  await target.put(KEY, bodyOf(Buffer.from('quack')));
  await chmod(join(folder.path, '.tmp'), 0o500);
  await expect(target.put(objectKey('b'), bodyOf())).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  await chmod(folder.path, 0);
  await expect(target.stat(KEY)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  await expect(target.get(KEY)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  await expect(keysOf(target.list())).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  await chmod(folder.path, 0o700);
  await chmod(join(folder.path, '.tmp'), 0o700);
});

it('notices an object that is cut while it is read', async () => {
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  await target.put(KEY, bodyOf(new Uint8Array(8 * MIB)));
  const { body } = await target.get(KEY);
  const iterator = body[Symbol.asyncIterator]();
  await iterator.next();
  await truncate(join(folder.path, 'a'), 5 * MIB);
  const rest = async (): Promise<void> => {
    while ((await iterator.next()).done !== true);
  };
  await expect(rest()).rejects.toMatchObject({ code: 'CORRUPT' });
});

const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

it('holds no file open after bodies were destroyed, puts aborted and lists left', async (test) => {
  if (process.platform !== 'linux') test.skip('open files are counted on Linux only');
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  for (const name of ['a', 'b', 'c']) await target.put(objectKey(name), bodyOf(new Uint8Array(MIB)));
  const before = await openFiles();
  for (let round = 0; round < 50; round += 1) {
    const { body } = await target.get(KEY);
    const closed = Promise.withResolvers<undefined>();
    body.once('close', () => closed.resolve(undefined));
    if (round % 2 === 0) await body[Symbol.asyncIterator]().next();
    body.destroy();
    await closed.promise;
    const controller = new AbortController();
    const put = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      controller.abort(new Error('enough'));
      yield new Uint8Array(10);
    };
    await expect(target.put(KEY, put(), { signal: controller.signal })).rejects.toThrow('enough');
    for await (const _ of target.list()) break;
    await expect(target.get(KEY, { range: { start: 2, end: 1 } })).rejects.toThrow(TargetError);
  }
  expect(await openFiles()).toBeLessThanOrEqual(before + 2);
});

/** A file that takes what is written past the cache, except what it refuses, and keeps what is written in whichever way. */
class DirectDisk {
  readonly file: Buffer;
  /** Parts by the way in which they were written, by their place in MiB. */
  readonly direct: number[] = [];
  readonly cached: number[] = [];
  memory: ArrayBufferLike | undefined;
  closed = 0;
  readonly #writer: PartWriter;

  constructor(size: number, refuses: (bytes: Uint8Array, position: number) => boolean) {
    this.file = Buffer.alloc(size);
    this.#writer = new PartWriter(
      {
        write: async (bytes, offset, length, position) => {
          this.cached.push(position / MIB);
          this.file.set(bytes.subarray(offset, offset + length), position);
          return { bytesWritten: length };
        },
        datasync: () => Promise.reject(new Error('there is little to sync')),
        sync: async () => {},
      },
      async () => ({
        write: async (bytes, position) => {
          if (refuses(bytes, position)) return false;
          this.direct.push(position / MIB);
          this.memory = bytes.buffer;
          // Read only now: the memory must not have been used again.
          await new Promise((resolve) => void setImmediate(resolve));
          this.file.set(bytes, position);
          return true;
        },
        close: async () => void (this.closed += 1),
      }),
    );
  }

  /** @param sizes Of the chunks, in turn. */
  async fill(content: Buffer, sizes: readonly number[]): Promise<void> {
    for (let start = 0, turn = 0; start < content.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? 0;
      await this.#writer.append(content.subarray(start, start + size));
      start += size;
    }
    await this.#writer.finish();
    await this.#writer.abandon();
  }
}

describe('PartWriter', () => {
  it('writes many small chunks in few large writes and syncs once, after the last', async () => {
    const writes: [number, number][] = [];
    let syncs = 0;
    const writer = new PartWriter({
      write: async (_bytes, _offset, length, position) => {
        writes.push([position, length]);
        return { bytesWritten: length };
      },
      datasync: () => Promise.reject(new Error('there is little to sync yet')),
      sync: async () => {
        expect(writes.length).toBe(5);
        syncs += 1;
      },
    });
    for (let index = 0; index < 5000; index += 1) await writer.append(new Uint8Array(1000));
    await writer.finish();
    expect(writes).toEqual(
      [0, 1, 2, 3, 4].map((index) => [index * MIB, Math.min(MIB, 5_000_000 - index * MIB)]),
    );
    expect(syncs).toBe(1);
  });

  it('sends what is written to the disk every 8 MiB, and fails with the error of that', async () => {
    const lost = new Error('the disk is gone');
    const synced: number[] = [];
    let written = 0;
    const writer = new PartWriter({
      write: async (_bytes, _offset, length) => {
        written += length;
        return { bytesWritten: length };
      },
      datasync: async () => {
        synced.push(written / MIB);
        if (written >= 24 * MIB) throw lost;
      },
      sync: async () => {},
    });
    const parts = async (): Promise<void> => {
      for (let index = 0; index < 40; index += 1) await writer.append(new Uint8Array(MIB));
    };
    await expect(parts()).rejects.toBe(lost);
    await writer.abandon();
    expect(synced).toEqual([8, 16, 24]);
  });

  it('writes what is large past the cache, where it can, and needs no syncs of that', async () => {
    // The first part shows that the object is large, the fifth is refused, the last is too short.
    const disk = new DirectDisk(7 * MIB, (bytes, position) => position === 4 * MIB || bytes.length < MIB);
    const content = Buffer.from(Array.from({ length: 6.5 * MIB }, (_, index) => (index * 7) % 251));
    await disk.fill(content, [300_000]);
    expect(disk.file.subarray(0, content.length).equals(content)).toBe(true);
    expect([disk.direct, disk.cached, disk.closed]).toEqual([[1, 2, 3, 5], [0, 4, 6], 1]);
    // The next one gets the same memory: nobody else frees it.
    using next = new AlignedBuffers(2, MIB);
    expect(next.buffers[0]?.buffer).toBe(disk.memory);
  });

  it('does so whatever the size of the chunks', async () => {
    const content = Buffer.from(Array.from({ length: 8 * MIB }, (_, index) => (index * 13) % 251));
    for (const sizes of [[8 * MIB], [MIB], [MIB / 2], [10, 8 * MIB], [MIB, 10, 3 * MIB], [MIB + 1]]) {
      const disk = new DirectDisk(
        content.length,
        ({ buffer, length }) => !(buffer instanceof SharedArrayBuffer) || length < MIB,
      );
      await disk.fill(content, sizes);
      expect(disk.file.equals(content)).toBe(true);
      // The first part may have been in ordinary memory when it was known to be one; the empty end is written as ever.
      expect(disk.direct).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6, 7]));
    }
  });

  it('keeps the memory of a part until it is written, also without direct writes', async () => {
    const file = Buffer.alloc(7 * MIB);
    const writer = new PartWriter({
      write: async (bytes, offset, length, position) => {
        await new Promise((resolve) => void setImmediate(resolve));
        file.set(bytes.subarray(offset, offset + length), position);
        return { bytesWritten: length };
      },
      datasync: async () => {},
      sync: async () => {},
    });
    const content = Buffer.from(Array.from({ length: 6.5 * MIB }, (_, index) => (index * 11) % 251));
    for (let start = 0; start < content.length; start += 300_000) {
      await writer.append(content.subarray(start, start + 300_000));
    }
    await writer.finish();
    expect(file.subarray(0, content.length).equals(content)).toBe(true);
  });

  it('goes on after a write that took less than it was given', async () => {
    const file = Buffer.alloc(3 * MIB);
    const writer = new PartWriter({
      write: async (bytes, offset, length, position) => {
        const bytesWritten = Math.min(length, 300_001);
        file.set(bytes.subarray(offset, offset + bytesWritten), position);
        return { bytesWritten };
      },
      datasync: async () => {},
      sync: async () => {},
    });
    const content = Buffer.from(Array.from({ length: 3 * MIB }, (_, index) => index % 251));
    await writer.append(content);
    await writer.finish();
    expect(file.equals(content)).toBe(true);
  });

  it('fails with the error of a write that was still under way', async () => {
    const full = new Error('full');
    const writer = new PartWriter({
      write: () => Promise.reject(full),
      datasync: async () => {},
      sync: async () => {},
    });
    await writer.append(new Uint8Array(MIB));
    await expect(writer.finish()).rejects.toBe(full);
    await writer.abandon();
  });
});

it('keeps the cause of every error and calls an unknown one unknown', () => {
  const known: readonly (readonly [string, string])[] = [
    ['EACCES', 'ACCESS_DENIED'],
    ['EPERM', 'ACCESS_DENIED'],
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EROFS', 'READ_ONLY'],
    ['EFBIG', 'TOO_LARGE'],
    ['EMFILE', 'UNAVAILABLE'],
    ['EIO', 'CORRUPT'],
    ['ENAMETOOLONG', 'INVALID_KEY'],
    ['ESTALE', 'UNAVAILABLE'],
    ['EWHATEVER', 'UNKNOWN'],
  ];
  for (const [errno, code] of known) {
    const cause = Object.assign(new Error(errno), { code: errno });
    expect(toTargetError(cause, 'put')).toMatchObject({ code, cause });
  }
  expect(toTargetError('strange', 'put')).toMatchObject({ code: 'UNKNOWN', cause: 'strange' });
});

it('writes large objects past the cache, where this disk can, and small ones as always', async () => {
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  await target.put(KEY, bodyOf(Buffer.alloc(MIB)));
  const path = join(folder.path, KEY);
  const write = vi.spyOn(DirectWrites.prototype, 'write');
  const open = vi.spyOn(DirectWrites, 'open');
  await target.put(objectKey('small'), bodyOf(Buffer.alloc(MIB - 1)));
  expect(open).not.toHaveBeenCalled();
  const chunks = Array.from({ length: 12 }, (_, index) => Buffer.alloc(300_000, index));
  await target.put(objectKey('large'), bodyOf(...chunks));
  const direct = await DirectWrites.open(path);
  await direct?.close();
  const written = await Promise.all(write.mock.results.map(({ value }) => value as Promise<boolean>));
  // 3.6 MB: the first part shows that it is large, and the last one is not whole.
  expect(written).toEqual(direct !== undefined ? [true, true, false] : []);
  vi.restoreAllMocks();
  const stored = Buffer.concat(await (await target.get(objectKey('large'))).body.toArray());
  expect(stored.equals(Buffer.concat(chunks))).toBe(true);
});
