import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { S3, S3ServiceException } from '@aws-sdk/client-s3';
import { describe, expect, it, vi } from 'vitest';

import { type S3Server, type S3ServerOptions, startS3Server } from '../src/index.ts';

const MIB = 1024 * 1024;
const place = { Bucket: 'test', Key: 'a/b c+ü' } as const;

interface Connected extends AsyncDisposable {
  readonly server: S3Server;
  readonly s3: S3;
}

async function connect(
  options: S3ServerOptions = {},
  keys: {
    readonly accessKeyId?: string;
    readonly secretAccessKey?: string;
    readonly sessionToken?: string;
  } = {},
): Promise<Connected> {
  const server = await startS3Server(options);
  const s3 = new S3({
    endpoint: server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'testkey', secretAccessKey: 'testsecret', ...keys },
  });
  return {
    server,
    s3,
    [Symbol.asyncDispose]: async () => {
      s3.destroy();
      await server.close();
    },
  };
}

/** S3's code of the error that a request ends with. */
async function codeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'none';
  } catch (error) {
    return error instanceof S3ServiceException ? error.name : String((error as { code?: unknown }).code);
  }
}

const textOf = async (s3: S3, range?: string): Promise<string> => {
  const { Body } = await s3.getObject({ ...place, ...(range === undefined ? {} : { Range: range }) });
  return (await Body?.transformToString()) ?? '';
};

describe('signatures', () => {
  it.each([
    ['an access key that does not exist', { accessKeyId: 'nobody' }, 'InvalidAccessKeyId'],
    ['a wrong secret key', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['an expired token', { sessionToken: 'old' }, 'ExpiredToken'],
    ['the right keys', {}, 'none'],
    ['a token that is good', { sessionToken: 'new' }, 'none'],
  ] as const)('%s: %s', async (_, keys, code) => {
    await using it = await connect({ expiredTokens: ['old'] }, keys);
    expect(await codeOf(it.s3.putObject({ ...place, Body: 'x' }))).toBe(code);
    expect(await codeOf(it.s3.listObjectsV2({ Bucket: 'test', Prefix: "a'b (c)*~" }))).toBe(code);
    expect(it.server.objects().size).toBe(code === 'none' ? 1 : 0);
  });

  it('a request without any is refused, and so is one whose time is wrong', async () => {
    await using open = await connect();
    expect((await fetch(`${open.server.endpoint}/test/a`)).status).toBe(403);
    await using late = await connect({ now: () => new Date(Date.now() + 16 * 60_000) });
    expect(await codeOf(late.s3.listObjectsV2({ Bucket: 'test' }))).toBe('RequestTimeTooSkewed');
  });

  it('a query that was changed on the way is refused', async () => {
    await using it = await connect();
    it.s3.middlewareStack.add(
      (next) => (args) => {
        (args.request as { query: Record<string, string> }).query.prefix = 'changed';
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    expect(await codeOf(it.s3.listObjectsV2({ Bucket: 'test', Prefix: 'meant' }))).toBe(
      'SignatureDoesNotMatch',
    );
  });
});

describe('objects', () => {
  it('come back as they were put, whole and in ranges', async () => {
    await using it = await connect();
    await it.s3.putObject({ ...place, Body: '0123456789', Metadata: { who: 'me' } });
    expect(await textOf(it.s3)).toBe('0123456789');
    expect(await textOf(it.s3, 'bytes=2-4')).toBe('234');
    expect(await textOf(it.s3, 'bytes=8-')).toBe('89');
    expect(await textOf(it.s3, 'bytes=-3')).toBe('789');
    expect(await codeOf(it.s3.getObject({ ...place, Range: 'bytes=10-' }))).toBe('InvalidRange');
    expect(await it.s3.headObject(place)).toMatchObject({ ContentLength: 10, Metadata: { who: 'me' } });
    await it.s3.deleteObject(place);
    expect(await codeOf(it.s3.getObject(place))).toBe('NoSuchKey');
    expect(await codeOf(it.s3.headObject(place))).toBe('NotFound');
    expect(await codeOf(it.s3.headBucket({ Bucket: 'missing' }))).toBe('NotFound');
    expect(await codeOf(it.s3.listObjectsV2({ Bucket: 'missing' }))).toBe('NoSuchBucket');
  });

  it('may be streamed in the aws-chunked framing with a checksum at the end', async () => {
    await using it = await connect();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const chunks = Array.from({ length: 30 }, (_, index) =>
      bytes.subarray(index * 10_000, (index + 1) * 10_000),
    );
    await it.s3.putObject({ ...place, Body: Readable.from(chunks), ContentLength: bytes.length });
    expect(it.server.requests[0]?.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    const { Body } = await it.s3.getObject(place);
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
  });

  it('whose checksum does not fit are refused', async () => {
    await using it = await connect();
    expect(await codeOf(it.s3.putObject({ ...place, Body: 'x', ChecksumCRC32: 'AAAAAA==' }))).toBe(
      'BadDigest',
    );
    expect(
      await codeOf(it.s3.putObject({ ...place, Body: 'x', ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' })),
    ).toBe('BadDigest');
    expect(it.server.objects().size).toBe(0);
  });

  it('are listed in the order of bytes, in pages, after a name', async () => {
    await using it = await connect({ pageSize: 2 });
    for (const Key of ['b', 'a/1', 'a-', 'ü', 'a/2'])
      await it.s3.putObject({ Bucket: 'test', Key, Body: 'x' });
    const first = await it.s3.listObjectsV2({ Bucket: 'test', StartAfter: 'a-' });
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
    const { Contents, IsTruncated } = await it.s3.listObjectsV2({
      Bucket: 'test',
      ContinuationToken: first.NextContinuationToken,
    });
    expect([Contents?.map(({ Key }) => Key), IsTruncated]).toEqual([['b', 'ü'], false]);
  });

  it('are removed many at a time', async () => {
    await using it = await connect();
    for (const Key of ['a', 'b&<', 'c']) await it.s3.putObject({ Bucket: 'test', Key, Body: 'x' });
    await it.s3.deleteObjects({
      Bucket: 'test',
      Delete: { Objects: [{ Key: 'a' }, { Key: 'b&<' }, { Key: 'x' }] },
    });
    expect([...it.server.objects().keys()]).toEqual(['c']);
    it.server.denied.add('DeleteObject');
    const { Errors } = await it.s3.deleteObjects({ Bucket: 'test', Delete: { Objects: [{ Key: 'c' }] } });
    expect(Errors?.map(({ Code }) => Code)).toEqual(['AccessDenied']);
  });

  it('keep their versions if the server is told to', async () => {
    await using it = await connect({ versioning: true });
    for (const Body of ['1', '22']) await it.s3.putObject({ ...place, Body });
    await it.s3.deleteObject(place);
    expect([it.server.versions(place.Key), it.server.objects().size]).toEqual([3, 0]);
    expect(await codeOf(it.s3.putObject({ ...place, Body: '333', IfNoneMatch: '*' }))).toBe('none');
  });
});

describe('conditions', () => {
  it.each([
    ['all', ['PreconditionFailed', 'PreconditionFailed', 'PreconditionFailed']],
    ['single-requests', ['PreconditionFailed', 'PreconditionFailed', 'none']],
    ['none', ['none', 'none', 'none']],
  ] as const)(
    '%s: If-None-Match, If-Match, If-None-Match of a multipart upload',
    async (conditions, codes) => {
      await using it = await connect({ conditions });
      await it.s3.putObject({ ...place, Body: 'x' });
      const { UploadId } = await it.s3.createMultipartUpload(place);
      const { ETag } = await it.s3.uploadPart({ ...place, UploadId, PartNumber: 1, Body: 'y' });
      expect([
        await codeOf(it.s3.putObject({ ...place, Body: 'z', IfNoneMatch: '*' })),
        await codeOf(it.s3.putObject({ ...place, Body: 'z', IfMatch: '"other"' })),
        await codeOf(
          it.s3.completeMultipartUpload({
            ...place,
            UploadId,
            IfNoneMatch: '*',
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
          }),
        ),
      ]).toEqual(codes);
    },
  );
});

it('joins parts, and refuses parts that are too small, unknown or in the wrong order', async () => {
  await using it = await connect({ equalParts: true });
  const { UploadId } = await it.s3.createMultipartUpload(place);
  expect(it.server.uploads()).toEqual([place.Key]);
  const bodies = [Buffer.alloc(5 * MIB, 1), Buffer.alloc(5 * MIB, 2), Buffer.alloc(3, 3)];
  const parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [index, Body] of bodies.entries()) {
    const { ETag } = await it.s3.uploadPart({ ...place, UploadId, PartNumber: index + 1, Body });
    parts.push({ PartNumber: index + 1, ETag });
  }
  const complete = (Parts: typeof parts): Promise<string> =>
    codeOf(it.s3.completeMultipartUpload({ ...place, UploadId, MultipartUpload: { Parts } }));
  expect(await complete(parts.toReversed())).toBe('InvalidPartOrder');
  expect(await complete([...parts, { PartNumber: 9, ETag: '"x"' }])).toBe('InvalidPart');
  await it.s3.uploadPart({ ...place, UploadId, PartNumber: 4, Body: 'x' });
  const { Parts = [] } = await it.s3.listParts({ ...place, UploadId });
  expect(await complete(Parts.map(({ PartNumber = 0, ETag }) => ({ PartNumber, ETag })))).toBe(
    'EntityTooSmall',
  );
  expect(it.server.objects().size).toBe(0);
  expect(await complete(parts)).toBe('none');
  const { Body, ETag } = await it.s3.getObject({ ...place, Range: `bytes=${5 * MIB - 1}-${5 * MIB}` });
  expect([...((await Body?.transformToByteArray()) ?? [])]).toEqual([1, 2]);
  expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
  expect(it.server.objects().get(place.Key)).toBe(10 * MIB + 3);
  expect([it.server.uploads(), await complete(parts)]).toEqual([[], 'NoSuchUpload']);
});

describe('faults', () => {
  it.each([
    ['error', 'InternalError', 0],
    ['error-after', 'InternalError', 1],
    ['reset', 'ECONNRESET', 0],
    ['reset-after', 'ECONNRESET', 1],
  ] as const)('%s of a put: the client sees %s, the server has %i objects', async (kind, code, objects) => {
    await using it = await connect();
    it.server.faults.add({ kind, operation: 'PutObject' });
    expect(await codeOf(it.s3.putObject({ ...place, Body: 'x' }))).toBe(code);
    expect(it.server.objects().size).toBe(objects);
    expect(await codeOf(it.s3.putObject({ ...place, Body: 'x' }))).toBe('none');
  });

  it('come after as many requests and as often as they say', async () => {
    await using it = await connect();
    it.server.faults.add({
      kind: 'error',
      status: 503,
      code: 'SlowDown',
      operation: 'ListObjectsV2',
      after: 1,
      times: 2,
    });
    const codes: string[] = [];
    for (let call = 0; call < 4; call += 1) codes.push(await codeOf(it.s3.listObjectsV2({ Bucket: 'test' })));
    expect(codes).toEqual(['none', 'SlowDown', 'SlowDown', 'none']);
  });

  it('cut and stall answers', async () => {
    await using it = await connect();
    await it.s3.putObject({ ...place, Body: Buffer.alloc(MIB) });
    it.server.faults.add({ kind: 'cut', operation: 'GetObject', afterBytes: 1000 });
    expect(await codeOf(textOf(it.s3))).toBe('ECONNRESET');
    it.server.faults.add({ kind: 'stall', operation: 'GetObject' });
    const controller = new AbortController();
    it.server.faults.add({ kind: 'stall', operation: 'HeadObject', onHit: () => controller.abort() });
    expect(await codeOf(it.s3.headObject(place, { abortSignal: controller.signal }))).toBe('undefined');
  });
});

it('leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-s3-test-'));
  vi.stubEnv('TMPDIR', folder);
  try {
    const server = await startS3Server();
    expect((await readdir(folder)).length).toBe(1);
    await server.close();
    await server.close();
    expect(await readdir(folder)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  }
});
