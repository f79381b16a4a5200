import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isTargetDefinition, objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { target as definition } from '../src/index.ts';
import { hasHardLinks } from '../src/lib/hard-links.ts';
import { bodyOf, tempFolder } from './temp-folder.ts';

it('is a definition of the type local without secrets', () => {
  expect(isTargetDefinition(definition)).toBe(true);
  expect([definition.type, definition.secretOptions]).toEqual(['local', []]);
});

const check = async (value: unknown): Promise<boolean> =>
  (await definition.optionsSchema['~standard'].validate(value)).issues === undefined;

it('takes a path and nothing else', async () => {
  expect(await check({ path: './backups' })).toBe(true);
  for (const wrong of [{}, { path: '' }, { path: 1 }, { path: 'a', folder: 'b' }, 'a'])
    expect(await check(wrong)).toBe(false);
});

it('opens a path relative to the configuration file and touches nothing', async () => {
  await using folder = await tempFolder();
  await using target = await definition.open({ path: './backups' }, { baseDir: folder.path });
  expect(target.displayName).toBe(join(folder.path, 'backups'));
  expect(target.capabilities).toEqual({ putIfAbsent: true, putIfMatch: false });
  expect(await readdir(folder.path)).toEqual([]);
  await target.put(objectKey('a'), bodyOf());
  expect(await readdir(folder.path)).toEqual(['backups']);
});

it('knows the file systems without hard links', async (test) => {
  if (process.platform !== 'linux') test.skip('file systems are told apart on Linux only');
  const ext4 = 0xef53;
  const vfat = 0x4d44;
  expect(await hasHardLinks('/a/b', async () => ext4)).toBe(true);
  expect(await hasHardLinks('/a/b', async () => vfat)).toBe(false);
  const missing = async (place: string): Promise<number> =>
    place === '/a' ? vfat : Promise.reject(new Error('missing'));
  expect(await hasHardLinks('/a/b', missing)).toBe(false);
});
