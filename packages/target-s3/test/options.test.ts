import { startS3Server } from '@quackup/s3-server';
import { isTargetDefinition, objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { openS3Target, target as definition } from '../src/index.ts';
import { checksumOf } from '../src/lib/s3-options.ts';
import { bodyOf, bytesOf, countsOf, errorOf, KEY, keysOf, MIB, openPlace, optionsFor } from './support.ts';

const problemsOf = async (value: unknown): Promise<readonly string[]> => {
  const result = await definition.optionsSchema['~standard'].validate(value);
  return (result.issues ?? []).map(({ path = [], message }) => `${path.map(String).join('.')}: ${message}`);
};

it('is a definition of the type s3 whose secrets may come from elsewhere', () => {
  expect(isTargetDefinition(definition)).toBe(true);
  expect([definition.type, definition.secretOptions]).toEqual([
    's3',
    ['accessKeyId', 'secretAccessKey', 'sessionToken'],
  ]);
});

it('takes what the README says', async () => {
  const good = [
    { bucket: 'acme-backups' },
    { bucket: 'acme-backups', prefix: 'quant/', region: 'eu-west-1' },
    { bucket: 'acme-backups', endpoint: 'https://minio.example:9000', pathStyle: true, checksum: 'none' },
    { bucket: 'acme-backups', accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' },
    { bucket: 'acme-backups', encryption: 'aws:kms', kmsKeyId: 'alias/backups', storageClass: 'STANDARD_IA' },
    { bucket: 'acme-backups', objectLock: { mode: 'compliance', days: 30 }, conditionalPuts: 'never' },
    { bucket: 'acme-backups', partSizeMiB: 64, parallelParts: 8, profile: 'backup' },
  ];
  for (const options of good) expect(await problemsOf(options)).toEqual([]);
});

it('refuses what cannot be meant, with the place', async () => {
  const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{}, /^bucket:/],
    [{ bucket: 's3://acme' }, /^bucket: is not the name/],
    [{ bucket: 'acme', buckets: 'x' }, /buckets/],
    [{ bucket: 'acme', prefix: '/quant' }, /^prefix: must be segments/],
    [{ bucket: 'acme', prefix: '../quant' }, /^prefix:/],
    [{ bucket: 'acme', prefix: 'x'.repeat(124) }, /^prefix:/],
    [{ bucket: 'acme', endpoint: 'minio.example:9000' }, /^endpoint:/],
    [{ bucket: 'acme', endpoint: 'https://user:pass@minio.example' }, /^endpoint: must not hold a password/],
    [{ bucket: 'acme', accessKeyId: 'a' }, /^secretAccessKey: is missing/],
    [{ bucket: 'acme', secretAccessKey: 'a' }, /^accessKeyId: is missing/],
    [{ bucket: 'acme', sessionToken: 'a' }, /^sessionToken: needs/],
    [{ bucket: 'acme', profile: 'p', accessKeyId: 'a', secretAccessKey: 'b' }, /^profile:/],
    [{ bucket: 'acme', kmsKeyId: 'k' }, /^kmsKeyId: needs/],
    [{ bucket: 'acme', storageClass: 'DEEP_ARCHIVE' }, /^storageClass: cannot be read at once/],
    [{ bucket: 'acme', objectLock: { mode: 'forever', days: 1 } }, /^objectLock\.mode:/],
    [{ bucket: 'acme', objectLock: { mode: 'compliance', days: 1 }, checksum: 'none' }, /^checksum:/],
    [{ bucket: 'acme', partSizeMiB: 4 }, /^partSizeMiB:/],
    [{ bucket: 'acme', parallelParts: 0 }, /^parallelParts:/],
  ];
  for (const [options, problem] of wrong) expect((await problemsOf(options)).join('\n')).toMatch(problem);
});

it('sends what the options say, also at the beginning of a multipart upload', async () => {
  const now = new Date();
  await using place = await openPlace({
    target: {
      storageClass: 'STANDARD_IA',
      encryption: 'aws:kms',
      kmsKeyId: 'alias/backups',
      objectLock: { mode: 'governance', days: 2 },
      checksum: 'sha256',
    },
    environment: { now: () => now },
  });
  for (const size of [10, 6 * MIB]) {
    await place.target.put(KEY, bodyOf(bytesOf(size)));
    expect(place.server.headersOf(KEY)).toMatchObject({
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/backups',
      'x-amz-object-lock-mode': 'GOVERNANCE',
    });
    const until = Date.parse(place.server.headersOf(KEY)['x-amz-object-lock-retain-until-date'] ?? '');
    expect(Math.abs(until - now.getTime() - 2 * 24 * 3_600_000)).toBeLessThan(1000);
  }
});

const NO_CHECKSUM = /^x-amz-(sdk-)?checksum-/;

it.each([
  [{ checksum: 'crc32' }, 'x-amz-checksum-crc32', undefined],
  [{ checksum: 'sha256' }, 'x-amz-checksum-sha256', undefined],
  [{ checksum: 'none' }, undefined, NO_CHECKSUM],
  [{}, undefined, NO_CHECKSUM],
  [{ objectLock: { mode: 'compliance', days: 1 } }, 'x-amz-checksum-crc32', undefined],
] as const)('checksum with %j', async (options, present, absent) => {
  await using place = await openPlace({ target: options });
  for (const size of [10, 6 * MIB]) await place.target.put(KEY, bodyOf(bytesOf(size)));
  const sent = place.server.requests.filter(
    ({ operation }) => operation === 'PutObject' || operation === 'UploadPart',
  );
  expect(sent.length).toBe(3);
  for (const { headers } of sent) {
    // The signature covers the body in every case.
    expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(headers.expect).toBeUndefined();
    if (present !== undefined) expect(headers[present]).toBeDefined();
    if (absent !== undefined) expect(Object.keys(headers).filter((name) => absent.test(name))).toEqual([]);
  }
});

it('stays below its prefix, which may be written with or without a slash', async () => {
  await using place = await openPlace();
  const { server } = place;
  await place.target.put(KEY, bodyOf(bytesOf(1)));
  for (const prefix of ['quant', 'quant/']) {
    await using target = await openS3Target(optionsFor(server, { prefix, conditionalPuts: 'always' }));
    expect(target.displayName).toBe('s3://test/quant/');
    expect(await keysOf(target)).toEqual([]);
    await target.put(KEY, bodyOf(bytesOf(2)));
    expect([...server.objects()]).toEqual([
      ['backup.tar', 1],
      ['quant/backup.tar', 2],
    ]);
    await target.delete(KEY);
  }
});

it('lists no names that are not keys', async () => {
  await using place = await openPlace();
  await using root = await openS3Target(optionsFor(place.server, { prefix: 'a', conditionalPuts: 'auto' }));
  await root.put(KEY, bodyOf(bytesOf(1)));
  expect([...place.server.objects().keys()]).toEqual(['a/.quackup/conditional-put', 'a/backup.tar']);
  expect(await keysOf(root)).toEqual(['backup.tar']);
  expect(await keysOf(place.target)).toEqual(['a/backup.tar']);
});

it.each([
  ['all', 'auto', { putIfAbsent: true, putIfMatch: false }],
  ['single-requests', 'auto', { putIfAbsent: false, putIfMatch: false }],
  ['none', 'auto', { putIfAbsent: false, putIfMatch: false }],
  ['all', 'never', { putIfAbsent: false, putIfMatch: false }],
  ['all', 'always', { putIfAbsent: true, putIfMatch: true }],
] as const)(
  'a service that knows %s conditions, conditionalPuts: %s',
  async (conditions, conditionalPuts, expected) => {
    await using place = await openPlace({ server: { conditions }, target: { conditionalPuts } });
    expect(place.target.capabilities).toMatchObject(expected);
    expect(place.server.uploads()).toEqual([]);
  },
);

it('asks with six requests the first time, with five later, and with none on AWS', async () => {
  await using place = await openPlace({ target: { conditionalPuts: 'auto' } });
  const { server } = place;
  expect(countsOf(server)).toEqual({
    PutObject: 2,
    CreateMultipartUpload: 1,
    UploadPart: 1,
    CompleteMultipartUpload: 1,
    AbortMultipartUpload: 1,
  });
  server.requests.length = 0;
  await using again = await openS3Target(optionsFor(server));
  expect(again.capabilities.putIfAbsent).toBe(true);
  expect(server.requests.length).toBe(5);
  await using amazon = await openS3Target({
    bucket: 'test',
    endpoint: 'https://s3.eu-west-1.amazonaws.com',
    accessKeyId: 'a',
    secretAccessKey: 'b',
  });
  expect(amazon.capabilities).toMatchObject({ putIfAbsent: true, putIfMatch: true });
});

it('sends a checksum to Amazon unless it is told otherwise', () => {
  expect(checksumOf({ bucket: 'a' })).toBe('crc32');
  expect(checksumOf({ bucket: 'a', endpoint: 'https://s3.eu-west-1.amazonaws.com' })).toBe('crc32');
  expect(checksumOf({ bucket: 'a', endpoint: 'https://amazonaws.com.evil.example' })).toBe('none');
  expect(checksumOf({ bucket: 'a', checksum: 'none' })).toBe('none');
});

it('says at the opening that a token has expired, and does not take that for an answer', async () => {
  await using server = await startS3Server({ expiredTokens: ['old'] });
  const error = await errorOf(openS3Target(optionsFor(server, { sessionToken: 'old' })));
  expect(error.code).toBe('UNAUTHENTICATED');
});

it.each([
  ['error', 501, 'NotImplemented'],
  ['error', 400, 'InvalidRequest'],
] as const)('deletes one by one where many at a time are refused: %s %i %s', async (kind, status, code) => {
  await using place = await openPlace();
  const keys = ['a', 'b', 'c'].map((name) => objectKey(name));
  for (const key of keys) await place.target.put(key, bodyOf(bytesOf(1)));
  place.server.faults.add({ kind, status, code, operation: 'DeleteObjects' });
  await place.target.deleteMany(keys);
  expect(place.server.objects().size).toBe(0);
});

it('opens for reading only, and for a service that does not know the header', async () => {
  await using reader = await openPlace({
    server: { denied: ['PutObject'] },
    target: { conditionalPuts: 'auto' },
  });
  expect(reader.target.capabilities.putIfAbsent).toBe(false);
  expect(await keysOf(reader.target)).toEqual([]);
  await using place = await openPlace();
  place.server.faults.add({ kind: 'error', status: 501, code: 'NotImplemented', operation: 'PutObject' });
  await using target = await openS3Target(optionsFor(place.server));
  expect(target.capabilities.putIfAbsent).toBe(false);
});

it('refuses a bucket that lists in no order', async () => {
  await using place = await openPlace({ server: { unordered: true } });
  for (const name of ['a', 'b']) await place.target.put(objectKey(name), bodyOf(bytesOf(1)));
  const error = await errorOf(keysOf(place.target));
  expect([error.code, error.hint]).toEqual([
    'UNSUPPORTED',
    'use a general purpose bucket: directory buckets list in no order',
  ]);
});

it('in a bucket with versions shows only what is there now', async () => {
  await using place = await openPlace({ server: { versioning: true } });
  for (const size of [1, 2, 3]) await place.target.put(KEY, bodyOf(bytesOf(size)));
  expect((await place.target.stat(KEY))?.size).toBe(3);
  await place.target.delete(KEY);
  await place.target.delete(KEY);
  expect(await keysOf(place.target)).toEqual([]);
  expect(await place.target.stat(KEY)).toBeUndefined();
  // Three versions and two markers: removing them is for a lifecycle rule.
  expect(place.server.versions(KEY)).toBe(5);
  await place.target.put(KEY, bodyOf(bytesOf(4)), { condition: { type: 'if-absent' } });
  expect(await keysOf(place.target)).toEqual([KEY]);
});

it('makes few requests for a backup', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(bytesOf(100)), { condition: { type: 'if-absent' } });
  await place.target.close();
  expect(countsOf(place.server)).toEqual({ PutObject: 1, ListMultipartUploads: 1 });
});
