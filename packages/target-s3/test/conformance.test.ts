import { startS3Server, type S3Server } from '@quackup/s3-server';
import { describeTarget } from '@quackup/target-testkit/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { openS3Target, target } from '../src/index.ts';
import { optionsFor } from './support.ts';

let server: S3Server;
let partial: S3Server;
beforeAll(async () => {
  server = await startS3Server();
  partial = await startS3Server({ conditions: 'single-requests', versioning: true, pageSize: 7 });
});
afterAll(async () => {
  await server.close();
  await partial.close();
});

describeTarget('S3Target', {
  open: () => openS3Target(optionsFor(server, { conditionalPuts: 'always', checksum: 'crc32' })),
  definition: () => ({ target, options: { ...optionsFor(server) } }),
});
describeTarget('S3Target with large runs and a prefix', {
  open: () => openS3Target(optionsFor(server, { prefix: 'quant', checksum: 'sha256' })),
  large: true,
});
describeTarget('S3Target on a service that ignores some conditions, with versions and short pages', {
  open: () => openS3Target(optionsFor(partial, { checksum: 'none', partSizeMiB: 5 })),
});

it('leaves nothing behind after all that but the object that it asks with', () => {
  expect([...server.objects().keys()]).toEqual([
    '.quackup/conditional-put',
    'quant/.quackup/conditional-put',
  ]);
  expect(server.uploads()).toEqual([]);
  expect([...partial.objects().keys()]).toEqual(['.quackup/conditional-put']);
  expect(partial.uploads()).toEqual([]);
});
