import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';

import type { TargetErrorCode } from '@quackup/target-api';
import { describe, expect, it } from 'vitest';

import { type AzureOptions, type AzureTarget, openAzureTarget } from '../src/index.ts';
import { toTargetError } from '../src/lib/azure-error.ts';
import { Secrets } from '../src/lib/secrets.ts';
import { ACCOUNT_KEY, connectionStringFor, sasFor } from '@quackup/azurite-server';
import type { AzureFault } from './fault-proxy.ts';
import { bodyOf, bytesOf, errorOf, KEY, keysOf, MIB, openPlace, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();
const small = bytesOf(100);
const WRONG_KEY = Buffer.from('another key of the test').toString('base64');

const CALLS = {
  put: (target) => target.put(KEY, bodyOf(small)),
  get: (target) => target.get(KEY),
  stat: (target) => target.stat(KEY),
  list: (target) => keysOf(target),
  delete: (target) => target.delete(KEY),
} as const satisfies Readonly<Record<string, (target: AzureTarget) => Promise<unknown>>>;

const anHourAhead = (): Date => new Date(Date.now() + 3_600_000);

/** Everything of an error that could be printed or logged. */
const shownOf = (error: unknown): string =>
  inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);

// Azurite says AuthorizationFailure to what Azure itself says this to.
const REFUSED: AzureFault = { kind: 'error', status: 403, code: 'AuthenticationFailed', times: Infinity };

describe('every call says what is wrong with the options', () => {
  for (const [call, run] of Object.entries(CALLS)) {
    it(`${call}: a wrong key`, async () => {
      await using place = await openPlace(azurite(), { accountKey: WRONG_KEY });
      expect((await errorOf(run(place.target))).code).toBe('ACCESS_DENIED');
      place.proxy.addFault(REFUSED);
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
      expect(error.hint).toContain('accountKey');
      for (const secret of [WRONG_KEY, 'SharedKey', 'authorization'])
        expect(shownOf(error)).not.toContain(secret);
    });

    it(`${call}: a container that does not exist`, async () => {
      await using place = await openPlace(azurite(), { container: 'missing' });
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['CONTAINER_NOT_FOUND', false]);
      expect(error.hint).toContain('create the container');
      expect(error.message).toContain(place.target.displayName);
      expect(shownOf(error)).not.toContain(ACCOUNT_KEY);
    });

    it(`${call}: a SAS that has ended`, async () => {
      const endedAt = new Date(Date.now() - 3_600_000);
      const sasToken = sasFor('ended', 'racwdl', endedAt);
      await using place = await openPlace(azurite(), { container: 'ended', sasToken, ...WITHOUT_KEY });
      const error = await errorOf(run(place.target));
      expect([error.code, error.retryable]).toEqual(['UNAUTHENTICATED', false]);
      expect(error.hint).toContain(`ended at ${endedAt.toISOString().slice(0, 19)}`);
      expectNoSas(shownOf(error), sasToken);
    });

    it(`${call}: a clock that is wrong`, async () => {
      await using place = await openPlace(azurite(), { accountKey: WRONG_KEY }, { now: anHourAhead });
      place.proxy.addFault(REFUSED);
      const error = await errorOf(run(place.target));
      expect([error.code, error.hint]).toEqual([
        'UNAUTHENTICATED',
        "set this machine's clock: it is 60 minutes ahead of the service's",
      ]);
    });
  }
});

const WITHOUT_KEY = { accountKey: undefined } as const;

function expectNoSas(text: string, sasToken: string): void {
  const signature = new URLSearchParams(sasToken).get('sig') ?? 'none';
  for (const secret of [sasToken, signature, encodeURIComponent(signature), ACCOUNT_KEY])
    expect(text).not.toContain(secret);
}

describe('a SAS', () => {
  it('is enough for everything', async () => {
    const container = azurite().container('with-sas');
    await container.create();
    for (const start of ['', '?']) {
      const sasToken = start + sasFor('with-sas', 'racwdl', anHourAhead());
      await using place = await openPlace(azurite(), { container: 'with-sas', sasToken, ...WITHOUT_KEY });
      await place.target.put(KEY, bodyOf(bytesOf(3 * MIB)), { condition: { type: 'if-absent' } });
      expect(await keysOf(place.target)).toEqual([KEY]);
      expect((await place.target.stat(KEY))?.size).toBe(3 * MIB);
      await place.target.delete(KEY);
      expectNoSas(place.target.displayName, sasToken);
    }
  });

  it('that may not delete is refused with the role that could, and never shown', async () => {
    const sasToken = sasFor('no-delete', 'rcwl', anHourAhead());
    await azurite().container('no-delete').create();
    await using place = await openPlace(azurite(), { container: 'no-delete', sasToken, ...WITHOUT_KEY });
    await place.target.put(KEY, bodyOf(small));
    const error = await errorOf(place.target.delete(KEY));
    expect([error.code, error.retryable]).toEqual(['ACCESS_DENIED', false]);
    expect(error.hint).toContain('Storage Blob Data Contributor');
    expectNoSas(shownOf(error), sasToken);
  });

  it('in a connection string works, and is never shown', async () => {
    const sasToken = sasFor('in-string', 'rl', anHourAhead());
    const connectionString = `BlobEndpoint=${azurite().endpoint};SharedAccessSignature=${sasToken}`;
    await azurite().container('in-string').create();
    await using target = await openAzureTarget({ container: 'in-string', connectionString });
    expect(await keysOf(target)).toEqual([]);
    const error = await errorOf(target.put(KEY, bodyOf(small)));
    expect(error.code).toBe('ACCESS_DENIED');
    expectNoSas(shownOf(error), sasToken);
  });
});

it('says when Azure keeps a blob from being deleted', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(small));
  for (const [status, code, hint] of [
    [409, 'BlobImmutableDueToPolicy', 'immutability policy'],
    [412, 'LeaseIdMissing', 'lease'],
  ] as const) {
    place.proxy.addFault({ kind: 'error', status, code, operation: 'DeleteBlob' });
    const error = await errorOf(place.target.delete(KEY));
    expect([error.code, error.retryable]).toEqual(['ACCESS_DENIED', false]);
    expect(error.hint).toContain(hint);
  }
  // This one Azurite knows itself.
  await place.container.getBlobClient(KEY).createSnapshot();
  const error = await errorOf(place.target.delete(KEY));
  expect([error.code, error.hint?.includes('snapshots')]).toEqual(['UNSUPPORTED', true]);
  expect(await keysOf(place.target)).toEqual([KEY]);
});

const open = (options: Partial<AzureOptions>): Promise<AzureTarget> =>
  openAzureTarget({ container: 'test', account: 'acme', accountKey: WRONG_KEY, ...options }, { retryMs: 1 });

describe('what the network does', () => {
  it('no such account: UNAVAILABLE with a hint at its name', async () => {
    await using target = await open({ endpoint: 'http://no-such-account.invalid' });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', true]);
    expect(error.hint).toContain('account');
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
    await using target = await open({ endpoint: azurite().endpoint.replace('http:', 'https:') });
    const error = await errorOf(target.stat(KEY));
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
    expect(error.hint).toContain('certificate');
  });

  for (const [fault, code] of [
    [{ kind: 'reset' }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 502 }, 'UNAVAILABLE'],
    [{ kind: 'error-page', status: 403 }, 'ACCESS_DENIED'],
    [{ kind: 'error-page', status: 404 }, 'UNKNOWN'],
    [{ kind: 'error', status: 503, code: 'ServerBusy' }, 'THROTTLED'],
    [{ kind: 'error', status: 429, code: 'TooManyRequests' }, 'THROTTLED'],
    [{ kind: 'error', status: 500, code: 'InternalError' }, 'UNAVAILABLE'],
    [{ kind: 'error', status: 403, code: 'AuthorizationPermissionMismatch' }, 'ACCESS_DENIED'],
    [{ kind: 'error', status: 403, code: 'AuthorizationFailure' }, 'ACCESS_DENIED'],
    [{ kind: 'error', status: 403, code: 'InsufficientAccountPermissions' }, 'READ_ONLY'],
    [{ kind: 'error', status: 409, code: 'BlobArchived' }, 'UNSUPPORTED'],
    [{ kind: 'error', status: 401, code: 'InvalidAuthenticationInfo' }, 'UNAUTHENTICATED'],
    [{ kind: 'error', status: 418, code: 'Teapot' }, 'UNKNOWN'],
  ] as const satisfies readonly (readonly [AzureFault, TargetErrorCode])[]) {
    it(`${fault.kind} ${fault.kind === 'reset' ? '' : fault.status} ${'code' in fault ? fault.code : ''}: ${code}`, async () => {
      await using place = await openPlace(azurite());
      place.proxy.addFault({ ...fault, times: Infinity });
      for (const [call, run] of Object.entries(CALLS)) {
        const error = await errorOf(run(place.target));
        expect(error.code, call).toBe(code);
        expect(shownOf(error)).not.toContain(ACCOUNT_KEY);
      }
    });
  }
});

const errorFor = (error: unknown): ReturnType<typeof toTargetError> =>
  toTargetError(error, {
    what: 'put of "a"',
    place: 'https://acme.blob.core.windows.net/test/',
    secrets: new Secrets(['sv=1&sig=a%2Fb%3D', connectionStringFor('http://h')]),
    sasEndsAt: undefined,
    now: new Date(),
  });

describe('toTargetError', () => {
  it('takes the code and the sentence, and nothing else', () => {
    const error = errorFor({
      message: 'Server failed.\nRequestId:1\nTime:2',
      code: 'InternalError',
      statusCode: 500,
      request: { url: 'https://h/?sig=a%2Fb%3D' },
    });
    expect(error.message).toBe(
      'https://acme.blob.core.windows.net/test/: put of "a": InternalError: Server failed.',
    );
    expect(shownOf(error)).not.toContain('a%2Fb');
  });

  it.each([
    'failed: https://h/c?sv=1&sig=a%2Fb%3D',
    'failed: a/b= is wrong',
    'failed: https://h/c?sig=somebody-elses%3D&x=1',
    connectionStringFor('http://h'),
    `AccountKey=${ACCOUNT_KEY}`,
    'Bearer eyJ0.abc-d_e.f',
  ])('hides what must not be seen: %s', (message) => {
    const shown = shownOf(errorFor(new Error(message)));
    for (const secret of ['a%2Fb', 'a/b=', 'somebody-elses', ACCOUNT_KEY, 'eyJ0'])
      expect(shown).not.toContain(secret);
  });

  it('does not take the name of a method for a code', () => {
    expect(errorFor({ code: 'toString', message: 'x' }).code).toBe('UNKNOWN');
    expect(errorFor('a text').code).toBe('UNKNOWN');
  });
});
