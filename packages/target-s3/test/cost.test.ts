import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { startS3Server } from '@quackup/s3-server';
import { expect, it } from 'vitest';

const run = async (program: string, ...args: readonly string[]): Promise<unknown> => {
  const file = join(import.meta.dirname, 'programs', program);
  // As the program's first line has it.
  const { stdout } = await promisify(execFile)(process.execPath, ['--max-semi-space-size=2', file, ...args]);
  return JSON.parse(stdout);
};

it('stores 300 MB of unknown length with a bounded memory', async () => {
  await using server = await startS3Server();
  const { size, grownBytes } = (await run('put-stream.ts', server.endpoint, '300')) as {
    readonly size: number;
    readonly grownBytes: number;
  };
  expect(size).toBe(300 * 1_048_576);
  expect([...server.objects()]).toEqual([['a', size]]);
  expect(server.requests.filter(({ operation }) => operation === 'UploadPart').length).toBeGreaterThan(30);
  // Five parts of 8 MiB, their chunks, and what the collector has not come to yet.
  expect(grownBytes / 1_048_576).toBeLessThan(200);
});

it('loads the SDK when a target is opened, not with the package', async () => {
  const { withPackage, withTarget } = (await run('loaded-modules.ts')) as {
    readonly withPackage: number;
    readonly withTarget: number;
  };
  expect(withPackage).toBe(0);
  expect(withTarget).toBeGreaterThan(10);
});
