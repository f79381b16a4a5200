import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import type { S3Operation } from '@quackup/s3-server';
import { startS3Server } from '@quackup/s3-server';
import type { TargetErrorCode } from '@quackup/target-api';
import { describe, expect, it } from 'vitest';

import { openS3Target, type S3Options, type S3Target } from '../src/index.ts';
import { toTargetError } from '../src/lib/s3-error.ts';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, openPlace, optionsFor } from './support.ts';

const small = bytesOf(100);

const CALLS = {
  put: (target) => target.put(KEY, bodyOf(small)),
  get: (target) => target.get(KEY),
  stat: (target) => target.stat(KEY),
  list: (target) => keysOf(target),
  delete: (target) => target.delete(KEY),
  deleteMany: (target) => target.deleteMany([KEY]),
} as const satisfies Readonly<Record<string, (target: S3Target) => Promise<unknown>>>;

describe('every call says what is wrong with the options', () => {
  const WRONG: readonly (readonly [string, Partial<S3Options>, TargetErrorCode, RegExp])[] = [
    ['an access key that does not exist', { accessKeyId: 'nobody' }, 'UNAUTHENTICATED', /accessKeyId/],
    ['a wrong secret key', { secretAccessKey: 'wrongsecret' }, 'UNAUTHENTICATED', /secretAccessKey/],
    ['an expired token', { sessionToken: 'expired-token-of-the-test' }, 'UNAUTHENTICATED', /log in again/],
    ['a bucket that does not exist', { bucket: 'missing' }, 'CONTAINER_NOT_FOUND', /create the bucket/],
  ];
  for (const [name, options, code, hint] of WRONG) {
    for (const [call, run] of Object.entries(CALLS)) {
      it(`${call}: ${name}`, async () => {
        await using server = await startS3Server({ expiredTokens: ['expired-token-of-the-test'] });
        await using target = await openS3Target(
          optionsFor(server, { conditionalPuts: 'always', ...options }),
        );
        const error = await errorOf(run(target));
        expect([error.code, error.retryable]).toEqual([code, false]);
        expect(error.hint).toMatch(hint);
        expect(error.message).toContain(target.displayName);
        const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
        for (const secret of [
          'testsecret',
          'wrongsecret',
          'expired-token-of-the-test',
          'x-amz-security-token',
          'AWS4-HMAC',
        ])
          expect(shown).not.toContain(secret);
      });
    }
  }

  for (const [call, run] of Object.entries(CALLS)) {
    it(`${call}: a clock that is wrong`, async () => {
      const hour = 3_600_000;
      await using server = await startS3Server({ now: () => new Date(Date.now() + hour) });
      await using target = await openS3Target(optionsFor(server, { conditionalPuts: 'always' }));
      // The second time too: the SDK must not set the time right without a word.
      for (const _ of [1, 2]) {
        const error = await errorOf(run(target));
        expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
        expect(error.hint).toContain('clock');
      }
    });
  }
});

describe('a lack of permission names the action', () => {
  for (const [operation, call, action] of [
    ['PutObject', 'put', 's3:PutObject'],
    ['GetObject', 'get', 's3:GetObject'],
    ['HeadObject', 'stat', 's3:GetObject'],
    ['ListObjectsV2', 'list', 's3:ListBucket'],
    ['DeleteObject', 'delete', 's3:DeleteObject'],
    ['DeleteObject', 'deleteMany', 's3:DeleteObject'],
  ] as const satisfies readonly (readonly [S3Operation, keyof typeof CALLS, string])[]) {
    it(call, async () => {
      await using place = await openPlace({ server: { denied: [operation] } });
      const error = await errorOf(CALLS[call](place.target));
      expect(error.code).toBe('ACCESS_DENIED');
      expect(error.hint).toContain(action);
    });
  }
});

const open = (options: Partial<S3Options>): Promise<S3Target> =>
  openS3Target(
    {
      bucket: 'test',
      accessKeyId: 'testkey',
      secretAccessKey: 'testsecret',
      conditionalPuts: 'always',
      ...options,
    },
    { retryMs: 1 },
  );

describe('what the network does', () => {
  it('no such host: UNAVAILABLE with a hint at the endpoint', async () => {
    await using target = await open({ endpoint: 'http://no-such-host.invalid' });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', true]);
    expect(error.hint).toContain('endpoint');
  });

  it('nothing listens there: UNAVAILABLE', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await using target = await open({ endpoint: `http://127.0.0.1:${port}` });
    const error = await errorOf(target.put(KEY, bodyOf(small)));
    expect([error.code, error.hint]).toEqual(['UNAVAILABLE', 'check the endpoint: nothing answers there']);
  });

  it('something that does not speak TLS: UNAVAILABLE, not worth another try', async () => {
    await using server = await startS3Server();
    await using target = await open({ endpoint: server.endpoint.replace('http:', 'https:') });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
    expect(error.hint).toContain('certificate');
  });

  for (const [fault, code] of [
    [{ kind: 'reset' }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 502 }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 403 }, 'ACCESS_DENIED'],
    [{ kind: 'error-page', status: 407 }, 'UNKNOWN'],
    [{ kind: 'error', status: 503, code: 'SlowDown' }, 'THROTTLED'],
    [{ kind: 'error', status: 405, code: 'MethodNotAllowed' }, 'READ_ONLY'],
    [{ kind: 'error', status: 507, code: 'XMinioStorageFull' }, 'NO_SPACE'],
    [{ kind: 'error', status: 418, code: 'Teapot' }, 'UNKNOWN'],
  ] as const) {
    it(`${fault.kind} ${'code' in fault ? fault.code : ''} ${'status' in fault ? fault.status : ''}: ${code}`, async () => {
      await using place = await openPlace();
      for (const call of ['put', 'get', 'list', 'delete'] as const) {
        place.server.faults.clear();
        place.server.faults.add({ ...fault, times: Infinity });
        expect((await errorOf(CALLS[call](place.target))).code, call).toBe(code);
      }
    });
  }
});

describe('toTargetError', () => {
  const attempt = { what: 'put of "a"', place: 's3://b/', action: 's3:PutObject', secrets: ['hunter22'] };
  const codeOf = (error: unknown): TargetErrorCode => toTargetError(error, attempt).code;

  it('goes by the code, and by the status where the code is unknown', () => {
    expect(codeOf({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } })).toBe('NOT_FOUND');
    expect(codeOf({ name: 'SomethingNew', $metadata: { httpStatusCode: 503 } })).toBe('UNAVAILABLE');
    expect(codeOf({ name: 'SomethingNew', $metadata: { httpStatusCode: 429 } })).toBe('THROTTLED');
    expect(codeOf({ name: 'SomethingNew', $metadata: { httpStatusCode: 301 } })).toBe('INVALID_OPTIONS');
    expect(codeOf({ name: 'KMS.DisabledException', $metadata: { httpStatusCode: 400 } })).toBe(
      'ACCESS_DENIED',
    );
    expect(codeOf({ name: 'InvalidObjectState', $metadata: { httpStatusCode: 403 } })).toBe('UNSUPPORTED');
    expect(codeOf(new Error('Region is missing'))).toBe('INVALID_OPTIONS');
  });

  it('never takes an unknown error for an absence', () => {
    // 404 with a code that is not known may be a proxy's.
    expect(codeOf({ name: 'SomethingNew', $metadata: { httpStatusCode: 404 } })).toBe('UNKNOWN');
    expect(codeOf({ name: 'toString' })).toBe('UNKNOWN');
    expect(codeOf('text')).toBe('UNKNOWN');
    expect(codeOf(undefined)).toBe('UNKNOWN');
  });

  it('keeps the cause without its secrets', () => {
    const error = Object.assign(new Error('bad token hunter22'), {
      name: 'InvalidToken',
      'Token-0': 'hunter22',
    });
    const made = toTargetError(error, attempt);
    expect(made.message).toBe('s3://b/: put of "a": InvalidToken: bad token ***');
    expect(inspect(made, { depth: 10 })).not.toContain('hunter22');
  });
});

it('leaves a body as soon as it is too long', async () => {
  await using place = await openPlace();
  let given = 0;
  let closed = false;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (; given < 1000; given += 1) yield bytesOf(1000);
    } finally {
      closed = true;
    }
  };
  const error = await errorOf(place.target.put(KEY, body(), { size: 2500 }));
  expect([error.code, given, closed]).toEqual(['SIZE_MISMATCH', 2, true]);
  expect(place.server.objects().size).toBe(0);
});
