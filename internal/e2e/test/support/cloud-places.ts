/** Servers that stand for clouds, each with what a configuration says of it and the secrets that nothing may show. */
import { ACCOUNT, ACCOUNT_KEY, startAzurite } from '@quackup/azurite-server';
import { startGcsServer } from '@quackup/gcs-server';
import { type Rgw, startS3Server } from '@quackup/s3-server';
import { type BucketOptions, countVersions, lookIntoBucket, makeBucket } from '@quackup/s3-server/buckets';

import { Gate } from './gate.ts';

export interface CloudPlace extends AsyncDisposable {
  /** Options of the target, as YAML in one line. */
  readonly options: string;
  /** For the command line's environment: that is where secrets come from. */
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  /** Names of the objects that are there, without the prefix. */
  names(): Promise<readonly string[]>;
  /** Keys of unfinished uploads, where the service has such a thing. */
  uploads?(): Promise<readonly string[]>;
  /** How many versions are kept of an object, where the service has such a thing. */
  versionsOf?(name: string): Promise<number>;
  /** The way to it. */
  readonly gate: Gate;
}

const PREFIX = 'quant/';
const SECRET = 'a-secret/that+nothing=may-show';

/** A bucket of its own on a running Ceph. @param more Further options of the target, as YAML. */
export async function rgwPlace(
  { endpoint }: Pick<Rgw, 'endpoint'>,
  bucketOptions: BucketOptions = {},
  more = '',
): Promise<CloudPlace> {
  bucketNumber += 1;
  const bucket = `bucket-${bucketNumber}`;
  await makeBucket(endpoint, bucket, bucketOptions);
  const gate = await Gate.before(endpoint);
  return {
    options: `{ type: s3, bucket: ${bucket}, prefix: ${PREFIX}, endpoint: '${gate.endpoint}', accessKeyId: testkey, secretAccessKey: { env: CLOUD_SECRET }${more} }`,
    env: { CLOUD_SECRET: 'testsecret' },
    secrets: ['testsecret'],
    names: async () => withoutPrefix((await lookIntoBucket(endpoint, bucket)).objects),
    uploads: async () => withoutPrefix((await lookIntoBucket(endpoint, bucket)).uploads),
    versionsOf: async (name) => (await countVersions(endpoint, bucket)).get(`${PREFIX}${name}`) ?? 0,
    gate,
    [Symbol.asyncDispose]: async () => gate.close(),
  };
}

let bucketNumber = 0;

const withoutPrefix = (names: Iterable<string>): string[] =>
  [...names].map((name) => name.slice(PREFIX.length)).toSorted();

export const CLOUDS: Readonly<Record<string, () => Promise<CloudPlace>>> = {
  s3: async () => {
    const server = await startS3Server({ credentials: { testkey: SECRET } });
    const gate = await Gate.before(server.endpoint);
    return {
      options: `{ type: s3, bucket: test, prefix: ${PREFIX}, region: us-east-1, endpoint: '${gate.endpoint}', pathStyle: true, accessKeyId: testkey, secretAccessKey: { env: CLOUD_SECRET } }`,
      env: { CLOUD_SECRET: SECRET },
      secrets: [SECRET],
      names: async () => withoutPrefix(server.objects().keys()),
      uploads: async () => withoutPrefix(server.uploads()),
      gate,
      [Symbol.asyncDispose]: async () => {
        gate.close();
        await server.close();
      },
    };
  },
  azure: async () => {
    const server = await startAzurite();
    const gate = await Gate.before(server.endpoint);
    const container = server.container('test');
    await container.create();
    return {
      options: `{ type: azure, account: ${ACCOUNT}, container: test, prefix: ${PREFIX}, endpoint: '${gate.endpoint}/${ACCOUNT}', accountKey: { env: CLOUD_SECRET } }`,
      env: { CLOUD_SECRET: ACCOUNT_KEY },
      secrets: [ACCOUNT_KEY],
      names: async () => {
        const names: string[] = [];
        for await (const { name } of container.listBlobsFlat()) names.push(name);
        return withoutPrefix(names);
      },
      gate,
      [Symbol.asyncDispose]: async () => {
        gate.close();
        await server[Symbol.asyncDispose]();
      },
    };
  },
  gcs: async () => {
    const server = await startGcsServer();
    const gate = await Gate.before(server.endpoint);
    return {
      options: `{ type: gcs, bucket: test, prefix: ${PREFIX}, endpoint: '${gate.endpoint}' }`,
      env: {},
      secrets: [],
      names: async () => withoutPrefix(server.objects().keys()),
      gate,
      [Symbol.asyncDispose]: async () => {
        gate.close();
        await server.close();
      },
    };
  },
};
