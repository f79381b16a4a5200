import { isTargetDefinition } from '@quackup/target-api';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { openAzureTarget, target as definition } from '../src/index.ts';
import { entraCredential } from '../src/lib/entra-credential.ts';
import { connectionStringFor } from '@quackup/azurite-server';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, openPlace, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();

it('is a definition of the type azure with its secrets', () => {
  expect(isTargetDefinition(definition)).toBe(true);
  expect([definition.type, definition.secretOptions]).toEqual([
    'azure',
    ['connectionString', 'accountKey', 'sasToken'],
  ]);
});

const issuesOf = async (value: unknown): Promise<readonly string[]> => {
  const { issues = [] } = await definition.optionsSchema['~standard'].validate(value);
  return issues.map(({ message, path }) => `${(path ?? []).map(String).join('.')}: ${message}`);
};

const CONTAINER = { container: 'acme-backups' };

it.each([
  { ...CONTAINER, account: 'acme' },
  { ...CONTAINER, account: 'acme', accountKey: 'AAAA', prefix: 'quant/', accessTier: 'Cool' },
  { ...CONTAINER, account: 'acme', sasToken: '?sv=1&sig=x%3D' },
  { ...CONTAINER, endpoint: 'https://acme.blob.core.usgovcloudapi.net', blockSizeMiB: 4000 },
  { ...CONTAINER, connectionString: connectionStringFor('http://h'), parallelBlocks: 16 },
])('takes %j', async (options) => {
  expect(await issuesOf(options)).toEqual([]);
});

it.each([
  [{ account: 'acme' }, 'container'],
  [{ container: 'Acme', account: 'acme' }, 'container'],
  [{ container: 'a--b', account: 'acme' }, 'container'],
  [CONTAINER, 'account'],
  [{ ...CONTAINER, account: 'acme.blob.core.windows.net' }, 'account'],
  [{ ...CONTAINER, account: 'acme', accountKey: 'not base64!' }, 'accountKey'],
  [{ ...CONTAINER, endpoint: 'https://h', accountKey: 'AAAA' }, 'account'],
  [{ ...CONTAINER, account: 'acme', accountKey: 'AAAA', sasToken: 'sig=x' }, 'sasToken'],
  [{ ...CONTAINER, account: 'acme', sasToken: 'sv=1' }, 'sasToken'],
  [{ ...CONTAINER, connectionString: 'x', account: 'acme' }, 'account'],
  [{ ...CONTAINER, connectionString: 'x', sasToken: 'sig=x' }, 'sasToken'],
  [{ ...CONTAINER, endpoint: 'https://acme.blob.core.windows.net/?sig=x' }, 'endpoint'],
  [{ ...CONTAINER, account: 'acme', accessTier: 'Archive' }, 'accessTier'],
  [{ ...CONTAINER, account: 'acme', prefix: '../a' }, 'prefix'],
  [{ ...CONTAINER, account: 'acme', blockSizeMiB: 4001 }, 'blockSizeMiB'],
  [{ ...CONTAINER, account: 'acme', parallelBlocks: 0 }, 'parallelBlocks'],
  [{ ...CONTAINER, account: 'acme', region: 'x' }, ''],
])('refuses %j', async (options, path) => {
  const [first = 'nothing'] = await issuesOf(options);
  expect(first.slice(0, first.indexOf(':'))).toBe(path);
});

it('says where it is, without a secret', async () => {
  await using target = await definition.open(
    { ...CONTAINER, account: 'acme', sasToken: 'sv=1&sig=hunter22', prefix: 'quant' },
    { baseDir: '/' },
  );
  expect(target.displayName).toBe('https://acme.blob.core.windows.net/acme-backups/quant/');
});

it.each([
  'nonsense with hunter22',
  'AccountName=acme;AccountKey=hunter22',
  'BlobEndpoint=https://h;x=hunter22',
])('refuses a connection string that cannot be read, without showing it: %s', async (connectionString) => {
  const error = await errorOf(openAzureTarget({ ...CONTAINER, connectionString }));
  expect([error.code, error.hint?.includes('portal')]).toEqual(['INVALID_OPTIONS', true]);
  expect(JSON.stringify([error.message, error.hint, error.stack])).not.toContain('hunter22');
});

it('keeps to its prefix', async () => {
  await using place = await openPlace(azurite());
  const { connectionString } = azurite();
  const open = (prefix: string) =>
    openAzureTarget({ container: place.container.containerName, connectionString, prefix });
  await using quant = await open('quant');
  await using same = await open('quant/');
  await using other = await open('quant2');
  await quant.put(KEY, bodyOf(bytesOf(10)));
  await other.put(KEY, bodyOf(bytesOf(20)));
  expect(await keysOf(same)).toEqual([KEY]);
  expect(await keysOf(place.target)).toEqual(['quant/backup.tar', 'quant2/backup.tar']);
});

it('stores the tier and the id of the put with the blob', async () => {
  await using place = await openPlace(azurite(), { accessTier: 'Cool' });
  for (const size of [10, 2_000_000]) {
    await place.target.put(KEY, bodyOf(bytesOf(size)));
    const { accessTier, metadata } = await place.container.getBlobClient(KEY).getProperties();
    expect(accessTier).toBe('Cool');
    expect(metadata?.quackup_put).toMatch(/^[0-9a-f-]{36}$/);
  }
});

it('lists neither names that are no keys, nor folders, snapshots or blocks that were never committed', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(bytesOf(10)));
  await place.container.getBlobClient(KEY).createSnapshot();
  for (const name of ['a b', '.hidden', 'ü', 'x/'])
    await place.container.getBlockBlobClient(name).upload('1', 1);
  await place.container.getBlockBlobClient('folder').upload('', 0, { metadata: { hdi_isfolder: 'true' } });
  await place.container.getBlockBlobClient('unfinished').stageBlock('AAAA', '1', 1);
  expect(await keysOf(place.target)).toEqual([KEY]);
});

describe('Entra ID', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('says what to install if @azure/identity is missing', async () => {
    const missing = Object.assign(new Error("Cannot find package '@azure/identity' imported from x"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const error = await errorOf(entraCredential(() => Promise.reject(missing)));
    expect(error.code).toBe('INVALID_OPTIONS');
    expect(error.message).toContain('@azure/identity');
    expect(error.hint).toBe('run: npm install @azure/identity@^4.14.1');
    // Another package that is missing is another mistake.
    const other = Object.assign(new Error("Cannot find package 'x'"), { code: 'ERR_MODULE_NOT_FOUND' });
    await expect(entraCredential(() => Promise.reject(other))).rejects.toBe(other);
  });

  it('says how to log in if there are no credentials', async () => {
    // The chain would ask the network; here it looks at the environment only.
    vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'EnvironmentCredential');
    vi.stubEnv('AZURE_TENANT_ID', undefined);
    await using target = await openAzureTarget({ ...CONTAINER, endpoint: 'https://127.0.0.1:1' });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
    expect(error.hint).toContain('az login');
  });

  it('asks for a token for storage, with a credential that is given', async () => {
    const asked: unknown[] = [];
    const credential = {
      getToken: async (scopes: string | string[]) => {
        asked.push(scopes);
        throw Object.assign(new Error('AADSTS7000215: Invalid client secret, Bearer abc.def'), {
          name: 'AuthenticationError',
        });
      },
    };
    await using target = await openAzureTarget(
      { ...CONTAINER, endpoint: 'https://127.0.0.1:1' },
      { credential },
    );
    const error = await errorOf(target.stat(KEY));
    expect(asked.flat()).toEqual(['https://storage.azure.com/.default']);
    expect(error.code).toBe('UNAUTHENTICATED');
    expect(error.message).toContain('AADSTS7000215');
    expect(error.message).not.toContain('abc.def');
  });
});
