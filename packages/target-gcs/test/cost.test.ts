import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { startGcsServer } from '@quackup/gcs-server';
import { expect, it } from 'vitest';

import { bodyOf, bytesOf, countsOf, KEY, keysOf, MIB, openPlace, readAll } from './support.ts';

const run = async (program: string, ...args: readonly string[]): Promise<unknown> => {
  const file = join(import.meta.dirname, 'programs', program);
  // As the program's first line has it.
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=2', file, ...args]);
  return JSON.parse(stdout);
};

it('stores 300 MiB of unknown length with a bounded memory', async () => {
  await using server = await startGcsServer();
  const { size, grownBytes } = (await run('put-stream.ts', server.endpoint, '300')) as {
    readonly size: number;
    readonly grownBytes: number;
  };
  expect(size).toBe(300 * MIB);
  expect([...server.objects()]).toEqual([['a', size]]);
  expect(countsOf(server).UploadChunk).toBe(19);
  // Two chunks of 16 MiB, what node-fetch holds of one, and what the collector has not come to yet.
  expect(grownBytes / MIB).toBeLessThan(200);
});

it('loads the library when a target is opened, not with the package', async () => {
  const { withPackage, withTarget } = (await run('loaded-modules.ts')) as {
    readonly withPackage: number;
    readonly withTarget: number;
  };
  expect(withPackage).toBe(0);
  expect(withTarget).toBeGreaterThan(10);
});

it('makes one request for a call, and one for a chunk', async () => {
  await using place = await openPlace();
  const { target, server } = place;
  await target.put(KEY, bodyOf(bytesOf(1000)));
  await readAll(target);
  await target.stat(KEY);
  await keysOf(target);
  await target.put(KEY, bodyOf(bytesOf(3 * MIB)));
  await target.delete(KEY);
  expect(countsOf(server)).toEqual({
    InsertMultipart: 1,
    GetMedia: 1,
    GetObject: 1,
    ListObjects: 1,
    StartResumable: 1,
    UploadChunk: 3,
    DeleteObject: 1,
  });
});

it('stores the class and the id of the put with the object', async () => {
  await using place = await openPlace({ target: { storageClass: 'COLDLINE', prefix: 'quant' } });
  for (const size of [10, 2 * MIB]) {
    await place.target.put(KEY, bodyOf(bytesOf(size)));
    expect(place.server.metadataOf(`quant/${KEY}`)).toMatchObject({
      storageClass: 'COLDLINE',
      contentType: 'application/octet-stream',
      metadata: { 'quackup-put': expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  }
});
