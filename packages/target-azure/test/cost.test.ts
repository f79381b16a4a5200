import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

import { bodyOf, bytesOf, countsOf, KEY, keysOf, MIB, openPlace, readAll, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();

const run = async (program: string, ...args: readonly string[]): Promise<unknown> => {
  const file = join(import.meta.dirname, 'programs', program);
  // As the program's first line has it.
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=2', file, ...args]);
  return JSON.parse(stdout);
};

it('stores 300 MiB of unknown length with a bounded memory', async () => {
  const container = azurite().container('memory');
  await container.create();
  const { size, grownBytes } = (await run('put-stream.ts', azurite().connectionString, 'memory', '300')) as {
    readonly size: number;
    readonly grownBytes: number;
  };
  expect(size).toBe(300 * MIB);
  const { committedBlocks = [] } = await container.getBlockBlobClient('a').getBlockList('all');
  expect(committedBlocks.length).toBeGreaterThan(30);
  expect(committedBlocks.reduce((sum, block) => sum + block.size, 0)).toBe(size);
  // Five blocks of 8 MiB, their chunks, and what the collector has not come to yet.
  expect(grownBytes / MIB).toBeLessThan(200);
});

it('loads the SDK when a target is opened, and @azure/identity when it is needed', async () => {
  type Counts = Readonly<
    Record<'withPackage' | 'withKey' | 'withEntraId', Record<'sdk' | 'identity', number>>
  >;
  const { withPackage, withKey, withEntraId } = (await run('loaded-modules.ts')) as Counts;
  expect(withPackage).toEqual({ sdk: 0, identity: 0 });
  expect(withKey.sdk).toBeGreaterThan(10);
  expect(withKey.identity).toBe(0);
  expect(withEntraId.identity).toBeGreaterThan(10);
});

it('makes one request for a call, and one for a block', async () => {
  await using place = await openPlace(azurite());
  const { target, proxy } = place;
  await target.put(KEY, bodyOf(bytesOf(1000)));
  await readAll(target);
  await target.stat(KEY);
  await keysOf(target);
  await target.put(KEY, bodyOf(bytesOf(3 * MIB)));
  await target.delete(KEY);
  expect(countsOf(proxy)).toEqual({
    PutBlob: 1,
    GetBlob: 1,
    HeadBlob: 1,
    ListBlobs: 1,
    PutBlock: 3,
    PutBlockList: 1,
    DeleteBlob: 1,
  });
});
