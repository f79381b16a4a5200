import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeTarget } from '@quackup/target-testkit/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { LocalTarget } from '../src/index.ts';

// Thousands of objects are synced in no time where there is no disk.
const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const folders: string[] = [];
beforeAll(async () => {
  for (const parent of [tmpdir(), memoryFolder]) folders.push(await mkdtemp(join(parent, 'quackup-local-')));
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeTarget('LocalTarget', { open: async () => new LocalTarget(join(folders[0] ?? '', 'a')) });
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
