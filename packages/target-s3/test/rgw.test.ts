// The same cases against a real S3 server: the gateway of Ceph.
import { type Rgw, startRgw, whyNoRgw } from '@quackup/s3-server';
import { makeBucket } from '@quackup/s3-server/buckets';
import { describeTarget } from '@quackup/target-testkit/vitest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openS3Target, type S3Options } from '../src/index.ts';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, MIB } from './support.ts';

const noRgw = whyNoRgw();

let rgw: Rgw | undefined;
const options = (more: Partial<S3Options> = {}): S3Options => ({
  bucket: 'test',
  endpoint: rgw?.endpoint,
  accessKeyId: 'testkey',
  secretAccessKey: 'testsecret',
  ...more,
});

describe.runIf(noRgw === undefined)('Ceph RGW', () => {
  beforeAll(async () => {
    rgw = await startRgw();
    await makeBucket(rgw.endpoint, 'test');
    await makeBucket(rgw.endpoint, 'locked', { objectLock: true });
  }, 300_000);
  afterAll(async () => {
    await rgw?.[Symbol.asyncDispose]();
  });

  describeTarget('S3Target on Ceph RGW, large runs', { open: () => openS3Target(options()), large: true });
  describeTarget(
    'S3Target on Ceph RGW with a prefix and equal parts, in a bucket with versions and object lock',
    {
      open: () =>
        openS3Target(
          options({
            bucket: 'locked',
            prefix: 'p/q',
            partSizeMiB: 5,
            objectLock: { mode: 'governance', days: 1 },
          }),
        ),
    },
  );

  it('knows that this service ignores conditions at the end of a multipart upload', async () => {
    await using target = await openS3Target(options());
    expect(target.capabilities).toMatchObject({ putIfAbsent: false, putIfMatch: false });
  });

  it('leaves no upload when the body fails, and finds those that were left', async () => {
    await using target = await openS3Target(options({ prefix: 'uploads', conditionalPuts: 'never' }));
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield* bodyOf(bytesOf(17 * MIB));
      const uploads: string[] = [];
      for await (const { key } of target.unfinishedUploads()) uploads.push(key);
      throw new Error(`unfinished: ${uploads.join()}`);
    };
    await expect(target.put(KEY, body())).rejects.toThrow(`unfinished: ${KEY}`);
    for await (const _ of target.unfinishedUploads()) expect.unreachable();
    expect(await keysOf(target)).toEqual([]);
  });

  it.each([
    ['a wrong secret key', { secretAccessKey: 'wrong' }, 'UNAUTHENTICATED'],
    ['an access key that does not exist', { accessKeyId: 'nobody' }, 'UNAUTHENTICATED'],
    ['a bucket that does not exist', { bucket: 'missing' }, 'CONTAINER_NOT_FOUND'],
  ] as const)('says what is wrong: %s', async (_, wrong, code) => {
    await using target = await openS3Target(options({ ...wrong, conditionalPuts: 'never' }));
    for (const call of [
      () => target.stat(KEY),
      () => keysOf(target),
      () => target.put(KEY, bodyOf(bytesOf(1))),
    ])
      expect((await errorOf(call())).code).toBe(code);
  });
});

describe.skipIf(noRgw === undefined)('Ceph RGW', () => {
  it.skip(noRgw ?? '');
});
