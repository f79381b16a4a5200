import { describeTarget } from '@quackup/target-testkit/vitest';
import { beforeAll, expect, it } from 'vitest';

import { type AzureOptions, type AzureTarget, openAzureTarget, target } from '../src/index.ts';
import { ACCOUNT, ACCOUNT_KEY } from '@quackup/azurite-server';
import { sharedAzurite } from './support.ts';

const azurite = sharedAzurite();
beforeAll(async () => {
  for (const name of ['plain', 'large', 'short']) await azurite().container(name).create();
});

const open = (container: string, options: Partial<AzureOptions>): Promise<AzureTarget> =>
  openAzureTarget({ container, ...options });

describeTarget('AzureTarget', {
  open: () => open('plain', { connectionString: azurite().connectionString }),
  definition: () => ({
    target,
    options: { container: 'plain', connectionString: azurite().connectionString },
  }),
  foreign: {
    store: async (name) =>
      void (await azurite().container('plain').getBlockBlobClient(name).upload('foreign', 7)),
    remove: async (name) => void (await azurite().container('plain').deleteBlob(name)),
  },
});
describeTarget('AzureTarget with large runs and a prefix', {
  open: () =>
    open('large', {
      account: ACCOUNT,
      accountKey: ACCOUNT_KEY,
      endpoint: azurite().endpoint,
      prefix: 'quant',
      accessTier: 'Cool',
    }),
  large: true,
});
describeTarget('AzureTarget with small blocks', {
  open: () =>
    open('short', { connectionString: azurite().connectionString, blockSizeMiB: 1, parallelBlocks: 2 }),
});

it('leaves nothing behind after all that', async () => {
  for (const name of ['plain', 'large', 'short']) {
    const names: string[] = [];
    for await (const blob of azurite().container(name).listBlobsFlat()) names.push(blob.name);
    expect(names).toEqual([]);
  }
});
