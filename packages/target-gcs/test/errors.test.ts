import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';

import { type GcsFault, type GcsOperation, startGcsServer } from '@quackup/gcs-server';
import type { TargetErrorCode } from '@quackup/target-api';
import { OAuth2Client } from 'google-auth-library';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { type GcsOptions, type GcsTarget, openGcsTarget } from '../src/index.ts';
import { toTargetError } from '../src/lib/gcs-error.ts';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, MIB, openPlace } from './support.ts';

const small = bytesOf(100);
const TOKEN = 'ya29.token-of-the-test';

const CALLS = {
  put: (target) => target.put(KEY, bodyOf(small)),
  get: (target) => target.get(KEY),
  stat: (target) => target.stat(KEY),
  list: (target) => keysOf(target),
  delete: (target) => target.delete(KEY),
} as const satisfies Readonly<Record<string, (target: GcsTarget) => Promise<unknown>>>;

const withToken = (token: string): OAuth2Client => {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  return client;
};

const anHourAhead = (): Date => new Date(Date.now() + 3_600_000);

const shownOf = (error: unknown): string =>
  inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);

describe('every call says what is wrong', () => {
  for (const [call, run] of Object.entries(CALLS)) {
    it(`${call}: a bucket that does not exist`, async () => {
      await using place = await openPlace({ target: { bucket: 'missing' } });
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['CONTAINER_NOT_FOUND', false]);
      expect(error.hint).toContain('create the bucket');
      expect(error.message).toContain('gs://missing/');
    });

    it(`${call}: nobody says who asks`, async () => {
      await using place = await openPlace({ server: { tokens: [TOKEN] } });
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
      expect(error.hint).toContain('gcloud auth application-default login');
    });

    it(`${call}: a token that has expired, which does not show`, async () => {
      await using place = await openPlace({
        server: { tokens: ['another'] },
        environment: { authClient: withToken(TOKEN) },
      });
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
      expect(error.hint).toContain('expired');
      expect(shownOf(error)).not.toContain('ya29');
      expect(shownOf(error)).not.toContain('Bearer');
    });

    it(`${call}: a clock that is wrong`, async () => {
      await using place = await openPlace({
        server: { tokens: ['another'] },
        environment: { authClient: withToken(TOKEN), now: anHourAhead },
      });
      const error = await errorOf(run(place.target));
      expect([error.code, error.hint?.includes('clock')]).toEqual(['UNAUTHENTICATED', true]);
    });

    it(`${call}: with a good token it works`, async () => {
      await using place = await openPlace({
        server: { tokens: [TOKEN] },
        environment: { authClient: withToken(TOKEN) },
      });
      if (call !== 'get') await run(place.target);
      else expect((await errorOf(run(place.target))).code).toBe('NOT_FOUND');
    });
  }
});

describe('a lack of permission names it', () => {
  for (const [operation, call, permission] of [
    ['InsertMultipart', 'put', 'storage.objects.create'],
    ['GetMedia', 'get', 'storage.objects.get'],
    ['GetObject', 'stat', 'storage.objects.get'],
    ['ListObjects', 'list', 'storage.objects.list'],
    ['DeleteObject', 'delete', 'storage.objects.delete'],
  ] as const satisfies readonly (readonly [GcsOperation, keyof typeof CALLS, string])[]) {
    it(call, async () => {
      await using place = await openPlace({ server: { denied: [operation] } });
      const error = await errorOf(CALLS[call](place.target));
      expect(error.code).toBe('ACCESS_DENIED');
      expect(error.hint).toContain(permission);
      expect(error.hint).toContain('roles/storage.objectUser');
    });
  }
});

it('never shows the address of an upload', async () => {
  await using place = await openPlace();
  place.server.faults.add({ kind: 'error', status: 418, reason: 'teapot', operation: 'UploadChunk' });
  const error = await errorOf(place.target.put(KEY, bodyOf(bytesOf(3 * MIB))));
  expect(error.code).toBe('UNKNOWN');
  expect(shownOf(error)).not.toContain('upload_id');
});

describe('without credentials', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('says how to log in', async () => {
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
    vi.stubEnv('HOME', '/nonexistent');
    vi.stubEnv('CLOUDSDK_CONFIG', '/nonexistent');
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    await using target = await openGcsTarget({ bucket: 'test' });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
    expect(error.hint).toContain('gcloud auth application-default login');
  });
});

const open = (options: Partial<GcsOptions>): Promise<GcsTarget> =>
  openGcsTarget({ bucket: 'test', ...options }, { retryMs: 1 });

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
    await using server = await startGcsServer();
    await using target = await open({ endpoint: server.endpoint.replace('http:', 'https:') });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
    expect(error.hint).toContain('certificate');
  });

  for (const [fault, code] of [
    [{ kind: 'reset' }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 502 }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 403 }, 'ACCESS_DENIED'],
    [{ kind: 'error-page', status: 404 }, 'UNKNOWN'],
    [{ kind: 'error-page', status: 302 }, 'UNKNOWN'],
    [{ kind: 'error', status: 503 }, 'UNAVAILABLE'],
    [{ kind: 'error', status: 429, reason: 'rateLimitExceeded' }, 'THROTTLED'],
    [{ kind: 'error', status: 403, reason: 'userRateLimitExceeded' }, 'THROTTLED'],
    [{ kind: 'error', status: 403, reason: 'retentionPolicyNotMet' }, 'ACCESS_DENIED'],
    [{ kind: 'error', status: 400, reason: 'userProjectMissing' }, 'UNSUPPORTED'],
    [{ kind: 'error', status: 418, reason: 'teapot' }, 'UNKNOWN'],
  ] as const satisfies readonly (readonly [GcsFault, TargetErrorCode])[]) {
    const name = [fault.kind, 'status' in fault ? fault.status : '', 'reason' in fault ? fault.reason : ''];
    it(`${name.join(' ')}: ${code}`, async () => {
      await using place = await openPlace();
      for (const [call, run] of Object.entries(CALLS)) {
        place.server.faults.clear();
        place.server.faults.add({ ...fault, times: Infinity });
        expect((await errorOf(run(place.target))).code, call).toBe(code);
      }
    });
  }
});

const errorFor = (error: unknown): ReturnType<typeof toTargetError> =>
  toTargetError(error, { what: 'put of "a"', place: 'gs://b/', now: new Date() });
const answered = (status: number, data: object): Error =>
  Object.assign(new Error('Request failed'), { response: { status, data } });

describe('toTargetError', () => {
  it.each([
    [{ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 'UNAUTHENTICATED', 'key file'],
    [
      {
        error: 'invalid_grant',
        error_description:
          'Invalid JWT: Token must be short-lived and in a reasonable timeframe. Check your iat and exp values.',
      },
      'UNAUTHENTICATED',
      'clock',
    ],
    [
      { error: 'invalid_grant', error_description: 'reauth related error (invalid_rapt)' },
      'UNAUTHENTICATED',
      'key',
    ],
  ])('knows what the token endpoint says: %j', (data, code, hint) => {
    const error = errorFor(answered(400, data));
    expect(error.code).toBe(code);
    expect(error.hint).toContain(hint);
  });

  it('looks for the reason of a failed connection', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(errorFor(new Error('fetch failed', { cause: refused })).code).toBe('UNAVAILABLE');
    expect(errorFor(new AggregateError([refused], 'all failed')).code).toBe('UNAVAILABLE');
    expect(errorFor('a text').code).toBe('UNKNOWN');
    expect(errorFor(Object.assign(new Error('x'), { code: 'toString' })).code).toBe('UNKNOWN');
  });

  it('hides what must not be seen', () => {
    const text = 'PUT https://h/o?upload_id=ABC123&x=1 Bearer ya29.a0_b-c client_secret=hunter22';
    const shown = shownOf(errorFor(new Error(text)));
    for (const secret of ['ABC123', 'a0_b', 'hunter22']) expect(shown).not.toContain(secret);
  });
});
