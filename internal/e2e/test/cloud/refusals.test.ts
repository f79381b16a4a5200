/**
 * What goes wrong with a cloud, each said in its own words with what to try, by every command; and no secret in anything
 * that is printed, logged or stored.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ACCOUNT, ACCOUNT_KEY, sasFor, startAzurite } from '@quackup/azurite-server';
import { runSql } from '@quackup/fixtures';
import { startGcsServer } from '@quackup/gcs-server';
import { type S3ServerOptions, startS3Server } from '@quackup/s3-server';
import { expect, test } from 'vitest';

import { filesBelow } from '../support/file-set.ts';
import { Gate } from '../support/gate.ts';
import { startQuackup } from '../support/run-quackup.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A cloud with which something is wrong. */
interface Trouble extends AsyncDisposable {
  /** Options of the target, as YAML in one line. */
  readonly options: string;
  /** Where the secrets come from. */
  readonly env: Readonly<Record<string, string>>;
}

interface Refusal {
  readonly name: string;
  readonly make: () => Promise<Trouble>;
  /** Of the error that the commands end with. */
  readonly message: RegExp;
  readonly hint: RegExp;
  /** Default: `backup`. */
  readonly commands?: readonly (readonly string[])[];
}

const SECRET = 'wJalrXUtnFEMI/K7MDENG+of-the-test';
const TOKEN = 'FwoGZXIvYXdzEHsaDLuT-session-of-the-test';
const WRONG_KEY = Buffer.from('another key of the test, which is none').toString('base64');
const ENDED_SAS = 'sv=2025-11-05&sr=c&sp=racwdl&se=2020-01-01T00%3A00%3A00Z&sig=c2lnbmF0dXJlLW9mLXRoZS10ZXN0';
const SECRETS = [SECRET, TOKEN, WRONG_KEY, ACCOUNT_KEY, 'c2lnbmF0dXJlLW9mLXRoZS10ZXN0', 'AWS4-HMAC-SHA256'];

// All that are tried, where secrets are at stake; each is a process, so elsewhere one must do.
const COMMANDS = [['backup'], ['restore', 'latest', '--restore-dir', 'out'], ['daily']] as const;
const HOUR = 3_600_000;

/** An S3 server of our own, with the right keys unless `more` says otherwise. */
async function s3(server: S3ServerOptions = {}, more = '', cutAfter?: number): Promise<Trouble> {
  const running = await startS3Server({ credentials: { testkey: SECRET }, ...server });
  const gate = await Gate.before(running.endpoint);
  if (cutAfter !== undefined) gate.cutEach('down', cutAfter);
  return {
    options: `{ type: s3, bucket: test, endpoint: '${gate.endpoint}', conditionalPuts: always, accessKeyId: testkey, secretAccessKey: { env: CLOUD_SECRET }${more} }`,
    env: { CLOUD_SECRET: SECRET, CLOUD_TOKEN: TOKEN },
    [Symbol.asyncDispose]: async () => {
      gate.close();
      await running.close();
    },
  };
}

async function azure(
  options: string,
  env: Trouble['env'],
  container?: string,
  cutAfter?: number,
): Promise<Trouble> {
  const server = await startAzurite();
  if (container !== undefined) await server.container(container).create();
  const gate = await Gate.before(server.endpoint);
  if (cutAfter !== undefined) gate.cutEach('down', cutAfter);
  return {
    options: `{ type: azure, endpoint: '${gate.endpoint}/${ACCOUNT}', ${options} }`,
    env,
    [Symbol.asyncDispose]: async () => {
      gate.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function gcs(
  server: Parameters<typeof startGcsServer>[0],
  { bucket = 'test', more = '', cutAfter }: { bucket?: string; more?: string; cutAfter?: number } = {},
): Promise<Trouble> {
  const running = await startGcsServer(server);
  const gate = await Gate.before(running.endpoint);
  if (cutAfter !== undefined) gate.cutEach('down', cutAfter);
  return {
    options: `{ type: gcs, bucket: ${bucket}, endpoint: '${gate.endpoint}'${more} }`,
    env: {},
    [Symbol.asyncDispose]: async () => {
      gate.close();
      await running.close();
    },
  };
}

const nowhere = (options: string, env: Trouble['env'] = {}): Promise<Trouble> =>
  Promise.resolve({ options, env, [Symbol.asyncDispose]: () => Promise.resolve() });

const withKey = (key: string): Trouble['env'] => ({ CLOUD_SECRET: key });
const azureKey = `account: ${ACCOUNT}, accountKey: { env: CLOUD_SECRET }`;

const REFUSALS: readonly Refusal[] = [
  {
    name: 's3: a wrong secret key',
    make: async () => ({ ...(await s3()), env: { CLOUD_SECRET: `${SECRET}-wrong` } }),
    message: /SignatureDoesNotMatch/,
    hint: /check accessKeyId and secretAccessKey/,
    commands: COMMANDS,
  },
  {
    name: 's3: no such bucket',
    make: () => s3({ buckets: ['other'] }),
    message: /NoSuchBucket/,
    hint: /create the bucket/,
  },
  {
    name: 's3: no permission to delete',
    make: () => s3({ denied: ['DeleteObject', 'DeleteObjects'] }),
    message: /AccessDenied/,
    hint: /allow s3:DeleteObject on s3:\/\/test/,
    commands: [['target', 'check']],
  },
  {
    name: 's3: a bucket that can only be read',
    make: () => s3({ denied: ['PutObject', 'CreateMultipartUpload', 'DeleteObject', 'DeleteObjects'] }),
    message: /AccessDenied/,
    hint: /allow s3:PutObject on s3:\/\/test/,
  },
  {
    name: 's3: a clock that is an hour off',
    make: () => s3({ now: () => new Date(Date.now() + HOUR) }),
    message: /RequestTimeTooSkewed/,
    hint: /clock: it differs from the service's by more than 15 minutes/,
  },
  {
    name: 's3: a session token that has expired',
    make: () => s3({ expiredTokens: [TOKEN] }, ', sessionToken: { env: CLOUD_TOKEN }'),
    message: /ExpiredToken/,
    hint: /log in again, or renew the session token/,
    commands: COMMANDS,
  },
  {
    name: 's3: a host that is not there',
    make: () =>
      nowhere(
        `{ type: s3, bucket: test, endpoint: 'http://no-such-host.invalid', conditionalPuts: always, accessKeyId: testkey, secretAccessKey: { env: CLOUD_SECRET }, limits: { attempts: 1 } }`,
        withKey(SECRET),
      ),
    message: /ENOTFOUND|EAI_AGAIN/,
    hint: /check endpoint, region and the name server/,
    commands: [['list']],
  },
  {
    name: 's3: a proxy that cuts every answer',
    make: () => s3({}, ', limits: { attempts: 2 }', 40),
    message: /ECONNRESET|socket hang up|aborted/,
    hint: /check the network and any proxy on the way/,
    commands: [['list']],
  },
  {
    name: 'azure: a wrong key',
    make: () => azure(`container: test, ${azureKey}`, withKey(WRONG_KEY), 'test'),
    message: /AuthorizationFailure|AuthenticationFailed/,
    hint: /accountKey|permission|allow/i,
    commands: COMMANDS,
  },
  {
    name: 'azure: no such container',
    make: () => azure(`container: missing, ${azureKey}`, withKey(ACCOUNT_KEY)),
    message: /ContainerNotFound/,
    hint: /create the container/,
  },
  {
    name: 'azure: a shared access signature that has ended',
    make: () => azure('container: test, sasToken: { env: CLOUD_SECRET }', withKey(ENDED_SAS), 'test'),
    message: /AuthenticationFailed|AuthorizationFailure/,
    hint: /sasToken|SAS|signature/,
    commands: COMMANDS,
  },
  {
    name: 'azure: no permission to delete',
    make: () =>
      azure(
        'container: test, sasToken: { env: CLOUD_SECRET }',
        withKey(sasFor('test', 'racwl', new Date(Date.now() + HOUR))),
        'test',
      ),
    message: /AuthorizationPermissionMismatch|AuthorizationFailure/,
    hint: /delete|permission/i,
    commands: [['target', 'check']],
  },
  {
    name: 'azure: a proxy that cuts every answer',
    make: () =>
      azure(`container: test, ${azureKey}, limits: { attempts: 2 }`, withKey(ACCOUNT_KEY), 'test', 40),
    message: /ECONNRESET|socket hang up|aborted/,
    hint: /check the network and any proxy on the way/,
    commands: [['list']],
  },
  {
    name: 'azure: a host that is not there',
    make: () =>
      nowhere(
        `{ type: azure, container: test, endpoint: 'http://no-such-host.invalid/${ACCOUNT}', ${azureKey}, limits: { attempts: 1 } }`,
        withKey(ACCOUNT_KEY),
      ),
    message: /ENOTFOUND|EAI_AGAIN/,
    hint: /endpoint|account|name server/,
    commands: [['list']],
  },
  {
    name: 'gcs: no such bucket',
    make: () => gcs({}, { bucket: 'missing' }),
    message: /missing/,
    hint: /create the bucket/,
  },
  {
    name: 'gcs: nobody is logged in',
    make: () => gcs({ tokens: ['ya29.token-of-the-test'] }),
    message: /Anonymous caller/,
    hint: /gcloud auth application-default login/,
    commands: COMMANDS,
  },
  {
    name: 'gcs: no permission to delete',
    make: () => gcs({ denied: ['DeleteObject'] }),
    message: /storage\.objects\.delete/,
    hint: /allow storage\.objects\.delete|roles\/storage\.objectUser/,
    commands: [['target', 'check']],
  },
  {
    name: 'gcs: a proxy that cuts every answer',
    make: () => gcs({}, { more: ', limits: { attempts: 2 }', cutAfter: 40 }),
    message: /ECONNRESET|socket hang up|aborted|Premature close/,
    hint: /check the network and any proxy on the way/,
    commands: [['list']],
  },
  {
    name: 'gcs: a bucket that can only be read',
    make: () => gcs({ denied: ['InsertMultipart', 'StartResumable', 'DeleteObject'] }),
    message: /403|permission|denied|forbidden/i,
    hint: /storage\.objects\.create|allow|role/i,
  },
];

test.concurrent.each(REFUSALS)('$name', async ({ make, message, hint, commands = [['backup']] }) => {
  await using folder = await tempFolder();
  await using trouble = await make();
  await writeFile(
    join(folder.path, 'quackup.yaml'),
    `databases: [{ path: my.duckdb }]\ntargets:\n  cloud: ${trouble.options}\nbackup: { tempDir: . }\nlog: { file: quackup.log }\n`,
  );
  await runSql(join(folder.path, 'my.duckdb'), [
    'CREATE TABLE t AS SELECT range AS i FROM range(1000)',
    'CHECKPOINT',
  ]);
  const secrets = [...SECRETS, ...Object.values(trouble.env)];
  for (const command of commands) {
    const { status, stdout, stderr } = await startQuackup(
      folder.path,
      [...command, '--json', '--verbose'],
      trouble.env,
    ).ended;
    const said = `${command.join(' ')} said: ${stdout}${stderr}`;
    expect(status, said).toBe(1);
    expect(said).toMatch(message);
    expect(said).toMatch(hint);
    for (const secret of secrets) expect(said).not.toContain(secret);
  }
  // The database is left out: what it holds is not ours.
  for (const file of await filesBelow(folder.path)) {
    if (file.startsWith('my.duckdb')) continue;
    const text = await readFile(join(folder.path, file), 'latin1');
    for (const secret of secrets) expect(text, file).not.toContain(secret);
  }
});
