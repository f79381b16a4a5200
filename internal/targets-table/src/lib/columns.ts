import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { CreateBucketCommand, DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ACCOUNT, ACCOUNT_KEY, startAzurite } from '@quackup/azurite-server';
import { startGcsServer } from '@quackup/gcs-server';
import { startRgw, startS3Server } from '@quackup/s3-server';
import { startSshd } from '@quackup/sshd-server';
import type { TargetDefinition } from '@quackup/target-api';
import { target as azure } from '@quackup/target-azure';
import { target as gcs } from '@quackup/target-gcs';
import { target as local } from '@quackup/target-local';
import { target as s3 } from '@quackup/target-s3';
import { type ConformanceSetup, type ForeignNames, MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { target as sftp } from 'quackup-target-sftp';

import type { Column, Place } from './place.ts';

const KEYS = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' };

/** All targets that come with Quackup, and the example of one that does not. */
export const COLUMNS: readonly Column[] = [
  { title: 'memory', start: startMemory },
  { title: 'local', start: startLocal },
  { title: 'S3 (own server)', start: startS3 },
  { title: 'S3 (Ceph RGW)', start: startCeph },
  { title: 'Azure (Azurite)', start: startAzure },
  { title: 'GCS (own server)', start: startGcs },
  { title: 'SFTP (OpenSSH)', start: startSftp },
];

async function startMemory(): Promise<Place> {
  const store = new MemoryStore();
  return {
    setup: {
      open: async () => new MemoryTarget({ store }),
      foreign: {
        store: async (name) => store.set(name, new Uint8Array(3)),
        remove: async (name) => void store.remove(name),
      },
      knownFailures: { 'put.bounded-memory': 'the objects themselves are in memory' },
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function startLocal(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-table-'));
  const path = join(folder, 'backups');
  return {
    setup: { ...setupOf(local, { path }), foreign: filesBelow(path) },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function startS3(): Promise<Place> {
  const server = await startS3Server({ credentials: { testkey: 'testsecret' } });
  const options = { bucket: 'test', endpoint: server.endpoint, pathStyle: true, ...KEYS };
  return {
    setup: { ...setupOf(s3, options), foreign: objectsIn(clientFor(server.endpoint)) },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function startCeph(): Promise<Place> {
  const rgw = await startRgw();
  const client = clientFor(rgw.endpoint);
  await client.send(new CreateBucketCommand({ Bucket: 'test' }));
  const options = { bucket: 'test', endpoint: rgw.endpoint, pathStyle: true, ...KEYS };
  return {
    setup: { ...setupOf(s3, options), foreign: objectsIn(client) },
    [Symbol.asyncDispose]: () => rgw[Symbol.asyncDispose](),
  };
}

async function startAzure(): Promise<Place> {
  const azurite = await startAzurite();
  const container = azurite.container('test');
  await container.create();
  const options = {
    account: ACCOUNT,
    accountKey: ACCOUNT_KEY,
    container: 'test',
    endpoint: azurite.endpoint,
  };
  return {
    setup: {
      ...setupOf(azure, options),
      foreign: {
        store: async (name) => void (await container.getBlockBlobClient(name).upload('foreign', 7)),
        remove: async (name) => void (await container.deleteBlob(name)),
      },
    },
    [Symbol.asyncDispose]: () => azurite[Symbol.asyncDispose](),
  };
}

async function startGcs(): Promise<Place> {
  const server = await startGcsServer();
  const objects = `${server.endpoint}/storage/v1/b/test/o`;
  return {
    setup: {
      ...setupOf(gcs, { bucket: 'test', endpoint: server.endpoint }),
      foreign: {
        store: (name) =>
          send(
            'POST',
            `${server.endpoint}/upload/storage/v1/b/test/o?uploadType=multipart`,
            'multipart/related; boundary=x',
            multipart(name),
          ),
        remove: (name) => send('DELETE', `${objects}/${encodeURIComponent(name)}`),
      },
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const send = async (method: string, url: string, type?: string, body?: string): Promise<void> => {
  const answer = await fetch(url, {
    method,
    ...(type && { headers: { 'content-type': type } }),
    ...(body && { body }),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
};
const multipart = (name: string): string =>
  `--x\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ name })}\r\n--x\r\ncontent-type: text/plain\r\n\r\nforeign\r\n--x--\r\n`;

async function startSftp(): Promise<Place> {
  const sshd = await startSshd();
  const { host, port, username, hostKey, privateKey, folder } = sshd;
  const path = join(folder, 'backups');
  return {
    setup: {
      ...setupOf(sftp, { host, port, username, hostKey, privateKey, path }),
      foreign: filesBelow(path),
    },
    [Symbol.asyncDispose]: () => sshd[Symbol.asyncDispose](),
  };
}

/** Opens what the definition opens, and checks the definition as well. */
function setupOf(
  target: TargetDefinition,
  options: Readonly<Record<string, unknown>>,
): Pick<ConformanceSetup, 'open' | 'definition' | 'large'> {
  return {
    open: async () => {
      const result = await target.optionsSchema['~standard'].validate(options);
      if (result.issues !== undefined) throw new Error(result.issues[0]?.message);
      return target.open(result.value, { baseDir: '/' });
    },
    definition: () => ({ target, options }),
    large: true,
  };
}

function filesBelow(folder: string): ForeignNames {
  return {
    store: async (name) => {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'foreign');
    },
    remove: async (name) => {
      const path = join(folder, name);
      await rm(path);
      // Of a folder that only it was in.
      await rmdir(dirname(path)).catch(() => {});
    },
  };
}

/** With keys of its own: the client writes into them. */
function clientFor(endpoint: string): S3Client {
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { ...KEYS } });
}

function objectsIn(client: S3Client): ForeignNames {
  return {
    store: async (Key) =>
      void (await client.send(new PutObjectCommand({ Bucket: 'test', Key, Body: 'foreign' }))),
    remove: async (Key) => void (await client.send(new DeleteObjectCommand({ Bucket: 'test', Key }))),
  };
}
