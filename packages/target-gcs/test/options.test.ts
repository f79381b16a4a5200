import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { startGcsServer } from '@quackup/gcs-server';
import { isTargetDefinition } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { openGcsTarget, target as definition } from '../src/index.ts';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, openPlace } from './support.ts';

it('is a definition of the type gcs without secrets in its options', () => {
  expect(isTargetDefinition(definition)).toBe(true);
  expect([definition.type, definition.secretOptions]).toEqual(['gcs', []]);
});

const issuesOf = async (value: unknown): Promise<readonly string[]> => {
  const { issues = [] } = await definition.optionsSchema['~standard'].validate(value);
  return issues.map(({ message, path }) => `${(path ?? []).map(String).join('.')}: ${message}`);
};

it.each([
  { bucket: 'acme-backups' },
  { bucket: 'acme.example.com', prefix: 'quant/', keyFile: './key.json', storageClass: 'NEARLINE' },
  { bucket: 'test', endpoint: 'http://127.0.0.1:4443', chunkSizeMiB: 64 },
])('takes %j', async (options) => {
  expect(await issuesOf(options)).toEqual([]);
});

it.each([
  [{}, 'bucket'],
  [{ bucket: 'A' }, 'bucket'],
  [{ bucket: 'gs://test' }, 'bucket'],
  [{ bucket: 'test', prefix: '/a' }, 'prefix'],
  [{ bucket: 'test', prefix: '../a' }, 'prefix'],
  [{ bucket: 'test', prefix: 'a'.repeat(101) }, 'prefix'],
  [{ bucket: 'test', storageClass: 'nearline' }, 'storageClass'],
  [{ bucket: 'test', endpoint: 'ftp://host' }, 'endpoint'],
  [{ bucket: 'test', endpoint: 'https://user:password@host' }, 'endpoint'],
  [{ bucket: 'test', chunkSizeMiB: 0 }, 'chunkSizeMiB'],
  [{ bucket: 'test', chunkSizeMiB: 1.5 }, 'chunkSizeMiB'],
  [{ bucket: 'test', token: 'x' }, ''],
])('refuses %j', async (options, path) => {
  const [first = 'nothing'] = await issuesOf(options);
  expect(first.slice(0, first.indexOf(':'))).toBe(path);
});

it('keeps to its prefix', async () => {
  await using server = await startGcsServer();
  const open = (prefix: string) =>
    openGcsTarget({ bucket: 'test', endpoint: server.endpoint, ...(prefix === '' ? {} : { prefix }) });
  await using quant = await open('quant');
  await using same = await open('quant/');
  await using other = await open('quant2');
  await quant.put(KEY, bodyOf(bytesOf(10)));
  await other.put(KEY, bodyOf(bytesOf(20)));
  expect(quant.displayName).toBe('gs://test/quant/');
  expect(await keysOf(same)).toEqual([KEY]);
  expect([...server.objects()]).toEqual([
    ['quant/backup.tar', 10],
    ['quant2/backup.tar', 20],
  ]);
});

it('does not list names that are no keys', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(bytesOf(10)));
  for (const name of ['a b', 'folder/', '.hidden', 'ü']) {
    const url = new URL(`${place.server.endpoint}/upload/storage/v1/b/test/o?uploadType=multipart`);
    const body = `--x\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ name })}\r\n--x\r\n\r\n\r\n1\r\n--x--`;
    const headers = { 'content-type': 'multipart/related; boundary=x' };
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(200);
  }
  expect(place.server.objects().size).toBe(5);
  expect(await keysOf(place.target)).toEqual([KEY]);
});

it('finds a key file from the folder of the configuration, and says what is wrong with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-gcs-'));
  try {
    await writeFile(join(folder, 'broken.json'), '{ "type": "service_account", ');
    await writeFile(join(folder, 'empty.json'), '{}');
    const key = { type: 'service_account', client_email: 'a@b', private_key: 'nonsense' };
    await writeFile(join(folder, 'nonsense.json'), JSON.stringify(key));
    await writeFile(join(folder, 'incomplete.json'), JSON.stringify({ ...key, private_key: undefined }));
    for (const [keyFile, hint] of [
      ['missing.json', 'folder of the configuration'],
      ['broken.json', 'make a new one'],
      ['empty.json', 'make a new one'],
      ['nonsense.json', 'not a file that Google made'],
      ['incomplete.json', 'make a new one'],
    ] as const) {
      await using target = await definition.open({ bucket: 'test', keyFile }, { baseDir: folder });
      const error = await errorOf(target.stat(KEY));
      expect([keyFile, error.code]).toEqual([keyFile, 'INVALID_OPTIONS']);
      expect(error.hint).toContain(hint);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("nonsense'");
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
