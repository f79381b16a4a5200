import { type GcsServer, startGcsServer } from '@quackup/gcs-server';
import { describeTarget } from '@quackup/target-testkit/vitest';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { openGcsTarget, target } from '../src/index.ts';

let server: GcsServer;
let short: GcsServer;
beforeAll(async () => {
  server = await startGcsServer();
  short = await startGcsServer({ pageSize: 7 });
});
afterAll(async () => {
  await server.close();
  await short.close();
});

describeTarget('GcsTarget', {
  open: () => openGcsTarget({ bucket: 'test', endpoint: server.endpoint }),
  definition: () => ({ target, options: { bucket: 'test', endpoint: server.endpoint } }),
});
describeTarget('GcsTarget with large runs and a prefix', {
  open: () =>
    openGcsTarget({ bucket: 'test', endpoint: server.endpoint, prefix: 'quant', storageClass: 'NEARLINE' }),
  large: true,
});
describeTarget('GcsTarget with short pages and small chunks', {
  open: () => openGcsTarget({ bucket: 'test', endpoint: short.endpoint, chunkSizeMiB: 1 }),
});

it('leaves nothing behind after all that', () => {
  for (const each of [server, short]) {
    expect([...each.objects().keys()]).toEqual([]);
    expect(each.uploads()).toEqual([]);
  }
});
