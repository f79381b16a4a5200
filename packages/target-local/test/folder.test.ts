import { execFileSync } from 'node:child_process';
import { mkdir, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ObjectKey, objectKey } from '@quackup/target-api';
import { describe, expect, it } from 'vitest';

import { LocalTarget } from '../src/index.ts';
import { placeOf } from '../src/lib/object-place.ts';
import { bodyOf, keysOf, tempFolder } from './temp-folder.ts';

const BYTES = Buffer.from('quack');
const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('a folder that is not there', () => {
  it('is an empty place until the first put makes it, for its owner only', async () => {
    await using parent = await tempFolder();
    const root = join(parent.path, 'backups');
    await using target = new LocalTarget(root);
    expect(await keysOf(target.list())).toEqual([]);
    expect(await target.stat(objectKey('a'))).toBeUndefined();
    await expect(target.get(objectKey('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await target.delete(objectKey('a'));
    expect(await readdir(parent.path)).toEqual([]);

    await target.put(objectKey('a/b'), bodyOf(BYTES));
    await target.put(objectKey('c'), bodyOf(BYTES), IF_ABSENT);
    expect(await modeOf(root)).toBe('700');
    expect(await modeOf(join(root, '.tmp'))).toBe('700');
    expect(await modeOf(join(root, 'a'))).toBe('700');
    expect(await modeOf(join(root, 'a', 'b'))).toBe('600');
    expect(await modeOf(join(root, 'c'))).toBe('600');
  });

  it('is an error if its parent is not there either: a disk may not be mounted', async () => {
    await using parent = await tempFolder();
    await using target = new LocalTarget(join(parent.path, 'disk', 'backups'));
    const key = objectKey('a');
    for (const call of [
      () => target.put(key, bodyOf(BYTES)),
      () => target.get(key),
      () => target.stat(key),
      () => target.delete(key),
      () => keysOf(target.list()),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'TargetError', code: 'CONTAINER_NOT_FOUND' });
    }
    expect(await readdir(parent.path)).toEqual([]);
  });

  it('is an error if it is a file', async () => {
    await using parent = await tempFolder();
    const root = join(parent.path, 'file');
    await writeFile(root, 'mine');
    await using target = new LocalTarget(root);
    await expect(target.put(objectKey('a'), bodyOf(BYTES))).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    await expect(target.stat(objectKey('a'))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(keysOf(target.list())).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('things in the folder that are not ours', () => {
  it('are not listed if their names are no keys or they are no ordinary files', async () => {
    await using folder = await tempFolder();
    await using target = new LocalTarget(folder.path);
    await target.put(objectKey('a'), bodyOf(BYTES));
    for (const name of ['.hidden', 'two words', 'größe', 'a~', 'lost+found'])
      await writeFile(join(folder.path, name), 'x');
    await mkdir(join(folder.path, 'empty'));
    await mkdir(join(folder.path, '.git'));
    await writeFile(join(folder.path, '.git', 'config'), 'x');
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    expect(await keysOf(target.list())).toEqual(['a']);
    await expect(target.get(objectKey('pipe'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(target.put(objectKey('pipe'), bodyOf(BYTES))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(target.put(objectKey('pipe'), bodyOf(BYTES), IF_ABSENT)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });

  it('never lead out of it by a link', async () => {
    await using outside = await tempFolder();
    await using folder = await tempFolder();
    await writeFile(join(outside.path, 'secret'), 'secret');
    await symlink(outside.path, join(folder.path, 'way'));
    await symlink(join(outside.path, 'secret'), join(folder.path, 'link'));
    await using target = new LocalTarget(folder.path);
    expect(await keysOf(target.list())).toEqual([]);
    expect(await keysOf(target.list({ prefix: 'way/' }))).toEqual([]);
    for (const key of [objectKey('way/secret'), objectKey('link')]) {
      expect(await target.stat(key)).toBeUndefined();
      await expect(target.get(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await target.delete(key);
      await expect(target.put(key, bodyOf(BYTES))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
    await expect(target.put(objectKey('way/new'), bodyOf(BYTES))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
    expect(await readdir(outside.path)).toEqual(['secret']);
    expect((await stat(join(outside.path, 'secret'))).size).toBe(6);
  });

  it('stay when the objects beside them are deleted, and empty folders go', async () => {
    await using folder = await tempFolder();
    await using target = new LocalTarget(folder.path);
    await target.put(objectKey('a/b/c'), bodyOf(BYTES));
    await target.put(objectKey('d/e'), bodyOf(BYTES));
    await writeFile(join(folder.path, 'd', '.mine'), 'x');
    await target.deleteMany([objectKey('a/b/c'), objectKey('d/e')]);
    expect((await readdir(folder.path)).toSorted()).toEqual(['.tmp', 'd']);
    expect(await readdir(join(folder.path, 'd'))).toEqual(['.mine']);
    await target.put(objectKey('a'), bodyOf(BYTES));
    expect(await keysOf(target.list())).toEqual(['a']);
  });
});

it('says that a folder cannot hold an object and objects below it', async () => {
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  await target.put(objectKey('a'), bodyOf(BYTES));
  await target.put(objectKey('b/c'), bodyOf(BYTES));
  await expect(target.put(objectKey('a/b'), bodyOf(BYTES))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  for (const options of [{}, IF_ABSENT]) {
    await expect(target.put(objectKey('b'), bodyOf(BYTES), options)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  }
  expect(await keysOf(target.list())).toEqual(['a', 'b/c']);
  expect(await readdir(join(folder.path, '.tmp'))).toEqual([]);
});

it('removes the parts of puts that were cut off more than a day ago, and nothing else', async () => {
  await using folder = await tempFolder();
  const parts = join(folder.path, '.tmp');
  await mkdir(parts);
  const [stale, fresh, foreign] = [`${'0'.repeat(32)}.part`, `${'1'.repeat(32)}.part`, 'notes.part'];
  for (const name of [stale, fresh, foreign]) await writeFile(join(parts, name), 'x');
  const now = new Date('2026-11-24T12:00:00Z');
  const hoursAgo = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);
  await utimes(join(parts, stale), hoursAgo(25), hoursAgo(25));
  await utimes(join(parts, fresh), hoursAgo(23), hoursAgo(23));
  await utimes(join(parts, foreign), hoursAgo(100), hoursAgo(100));
  await using target = new LocalTarget(folder.path, { now: () => now });
  expect(await keysOf(target.list())).toEqual([]);
  expect((await readdir(parts)).length).toBe(3);
  await target.put(objectKey('a'), bodyOf(BYTES));
  expect((await readdir(parts)).toSorted()).toEqual([fresh, foreign]);
});

it('stores objects in folders that others empty and remove at the same time', async () => {
  await using folder = await tempFolder();
  const targets = [new LocalTarget(folder.path), new LocalTarget(folder.path)];
  await Promise.all(
    Array.from({ length: 8 }, async (_, worker) => {
      const target = targets[worker % 2] ?? new LocalTarget(folder.path);
      for (let round = 0; round < 15; round += 1) {
        const key = objectKey(`a/b/${worker}`);
        await target.put(key, bodyOf(BYTES), round % 2 === 0 ? IF_ABSENT : {});
        expect((await target.stat(key))?.size).toBe(BYTES.length);
        await target.delete(key);
      }
    }),
  );
  expect(await readdir(folder.path)).toEqual(['.tmp']);
});

it('refuses on Windows what is no file name there', () => {
  for (const key of ['aux', 'a/nul.tar', 'COM1.json']) {
    expect(() => placeOf('/r', objectKey(key), 'win32')).toThrow(
      expect.objectContaining({ code: 'INVALID_KEY' }),
    );
    expect(placeOf('/r', objectKey(key), 'linux').path).toBe(join('/r', key));
  }
  expect(placeOf('/r', objectKey('auxiliary/con_1'), 'win32').folders).toEqual([join('/r', 'auxiliary')]);
});

it('takes only an absolute path', () => {
  expect(() => new LocalTarget('backups')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
});

it('refuses a name that the file system does not take', async () => {
  await using folder = await tempFolder();
  await using target = new LocalTarget(folder.path);
  // Longer than the contract allows: as if the file system took less than most do.
  const key = 'k'.repeat(300) as ObjectKey;
  expect(await target.stat(key)).toBeUndefined();
  await target.delete(key);
  await expect(target.get(key)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(target.put(key, bodyOf(BYTES))).rejects.toMatchObject({ code: 'INVALID_KEY' });
});
