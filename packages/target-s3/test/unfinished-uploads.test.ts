import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { startS3Server, type S3Server } from '@quackup/s3-server';
import { objectKey } from '@quackup/target-api';
import { expect, it } from 'vitest';

import { openS3Target } from '../src/index.ts';
import { bodyOf, bytesOf, KEY, optionsFor } from './support.ts';

const HOUR = 3_600_000;

/** A server whose clock is set by hand, and a client of the SDK for what a target would not do. */
async function serverWithClock(pageSize = 1000): Promise<{
  readonly server: S3Server;
  readonly at: (hours: number) => void;
  readonly begin: (name: string) => Promise<string>;
  readonly sendPart: (name: string, uploadId: string, number: number) => Promise<void>;
}> {
  const start = Date.now();
  let offset = 0;
  const server = await startS3Server({ pageSize, now: () => new Date(start + offset) });
  const client = (): S3Client =>
    new S3Client({
      endpoint: server.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'testkey', secretAccessKey: 'testsecret' },
      systemClockOffset: offset,
    });
  return {
    server,
    at: (hours) => {
      offset = hours * HOUR;
    },
    begin: async (name) => {
      const { UploadId = '' } = await client().send(
        new CreateMultipartUploadCommand({ Bucket: 'test', Key: name }),
      );
      return UploadId;
    },
    sendPart: async (name, uploadId, number) => {
      const part = { Bucket: 'test', Key: name, UploadId: uploadId, PartNumber: number, Body: 'a' };
      await client().send(new UploadPartCommand(part));
    },
  };
}

it('finds all uploads under its prefix, also over pages, and no others', async () => {
  const { server, begin } = await serverWithClock(2);
  await using _ = server;
  for (const name of ['q/a', 'q/b', 'q/b', 'q/b', 'q/c', 'other/a', 'q/ä', 'q/.hidden']) await begin(name);
  await using target = await openS3Target(optionsFor(server, { prefix: 'q', conditionalPuts: 'always' }));
  const keys: string[] = [];
  for await (const { key } of target.unfinishedUploads()) keys.push(key);
  expect(keys.sort()).toEqual(['a', 'b', 'b', 'b', 'c']);
});

it('removes those that are older than a day and have got no part since, and no others', async () => {
  const { server, at, begin, sendPart } = await serverWithClock();
  await using _ = server;
  // The clock of the service goes from two days ago to now.
  at(-48);
  await begin('q/old');
  await begin('other/old');
  const alive = await begin('q/alive');
  const dead = await begin('q/dead');
  await sendPart('q/dead', dead, 1);
  at(-2);
  await sendPart('q/alive', alive, 2);
  await begin('q/young');
  at(0);
  await using target = await openS3Target(optionsFor(server, { prefix: 'q', conditionalPuts: 'always' }));
  const removed = await target.removeStaleUploads();
  expect(removed.map(({ key }) => key)).toEqual(['dead', 'old']);
  expect(server.uploads().toSorted()).toEqual(['other/old', 'q/alive', 'q/young']);
});

it('does so at the first put', async () => {
  const { server, at, begin } = await serverWithClock();
  await using _ = server;
  at(-25);
  await begin('old');
  at(0);
  const target = await openS3Target(optionsFor(server, { conditionalPuts: 'always' }));
  await target.put(KEY, bodyOf(bytesOf(1)));
  await target.put(objectKey('b'), bodyOf(bytesOf(1)));
  await target.close();
  expect(server.uploads()).toEqual([]);
  expect(server.requests.filter(({ operation }) => operation === 'ListMultipartUploads').length).toBe(1);
});

it('waits for that when it is closed', async () => {
  const { server, at, begin } = await serverWithClock();
  await using _ = server;
  at(-25);
  await begin('old');
  at(0);
  const listing = Promise.withResolvers<undefined>();
  server.faults.add({
    kind: 'ignore-range',
    operation: 'ListMultipartUploads',
    onHit: () => listing.resolve(undefined),
  });
  const target = await openS3Target(optionsFor(server, { conditionalPuts: 'always' }));
  const put = target.put(KEY, bodyOf(bytesOf(1)));
  await listing.promise;
  await target.close();
  expect(server.uploads()).toEqual([]);
  await Promise.allSettled([put]);
});

it('puts also where that is not allowed', async () => {
  await using server = await startS3Server({ denied: ['ListMultipartUploads'] });
  const target = await openS3Target(optionsFor(server, { conditionalPuts: 'always' }));
  await target.put(KEY, bodyOf(bytesOf(1)));
  await target.close();
  expect(server.objects().size).toBe(1);
});
