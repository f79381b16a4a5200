import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describeTarget } from '@quackup/target-testkit/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { LocalTarget, target } from '../src/index.ts';

// Thousands of objects are synced in no time where there is no disk.
const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const folders: string[] = [];
beforeAll(async () => {
  for (const parent of [tmpdir(), memoryFolder]) folders.push(await mkdtemp(join(parent, 'quackup-local-')));
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const inFolder = (name: string): string => join(folders[0] ?? '', 'a', name);

describeTarget('LocalTarget', {
  open: async () => new LocalTarget(inFolder('')),
  definition: () => ({ target, options: { path: inFolder('') } }),
  foreign: {
    store: async (name) => {
      await mkdir(dirname(inFolder(name)), { recursive: true });
      await writeFile(inFolder(name), 'foreign');
    },
    remove: async (name) => {
      await rm(inFolder(name));
      // Of a folder that only it was in.
      await rmdir(dirname(inFolder(name))).catch(() => {});
    },
  },
});
describeTarget('LocalTarget with large runs', {
  open: async () => new LocalTarget(join(folders[1] ?? '', 'a')),
  large: true,
});
describeTarget('LocalTarget without hard links', {
  open: async () => new LocalTarget(join(folders[1] ?? '', 'b'), { hardLinks: false }),
});

it('leaves nothing behind after all that', async () => {
  for (const folder of folders) {
    expect(await readdir(join(folder, 'a'))).toEqual(['.tmp']);
    expect(await readdir(join(folder, 'a', '.tmp'))).toEqual([]);
  }
});
