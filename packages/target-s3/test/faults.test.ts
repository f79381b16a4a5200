import type { S3Fault, S3Operation } from '@quackup/s3-server';
import { describe, expect, it } from 'vitest';

import { bodyOf, bytesOf, countsOf, errorOf, KEY, keysOf, MIB, openPlace, readAll } from './support.ts';

const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const small = bytesOf(1000);
// Three parts of 5 MiB and a rest.
const large = bytesOf(15 * MIB + 3);

const KINDS: readonly S3Fault[] = [
  { kind: 'error' },
  { kind: 'error', status: 503, code: 'SlowDown', times: 3 },
  { kind: 'error-page' },
  { kind: 'error-after' },
  { kind: 'reset' },
  { kind: 'reset-after' },
  { kind: 'error', status: 400, code: 'RequestTimeout' },
  { kind: 'error', status: 409, code: 'ConditionalRequestConflict' },
];

describe('a put gets over a fault, stores whole and once', () => {
  for (const fault of KINDS) {
    for (const condition of [undefined, IF_ABSENT.condition]) {
      const name = `${fault.kind}${fault.code === undefined ? '' : ` ${fault.code}`}${condition === undefined ? '' : ', if absent'}`;
      const options = condition === undefined ? {} : { condition };

      it(`PutObject: ${name}`, async () => {
        await using place = await openPlace({ server: { versioning: true } });
        place.server.faults.add({ ...fault, operation: 'PutObject' });
        const info = await place.target.put(KEY, bodyOf(small), options);
        expect(await readAll(place.target)).toEqual(small);
        expect(place.server.versions(KEY)).toBe(1);
        expect((await place.target.stat(KEY))?.etag).toBe(info.etag);
      });

      for (const operation of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const) {
        it(`${operation}: ${name}`, async () => {
          await using place = await openPlace({ server: { versioning: true } });
          place.server.faults.add({ ...fault, operation });
          const info = await place.target.put(KEY, bodyOf(large), options);
          expect(info.size).toBe(large.length);
          expect((await readAll(place.target)).equals(large)).toBe(true);
          expect(place.server.versions(KEY)).toBe(1);
          expect((await place.target.stat(KEY))?.etag).toBe(info.etag);
        });
      }
    }
  }

  it('CompleteMultipartUpload: 200 with an error in the body', async () => {
    await using place = await openPlace({ server: { versioning: true } });
    place.server.faults.add({ kind: 'error-in-body', operation: 'CompleteMultipartUpload' });
    await place.target.put(KEY, bodyOf(large), IF_ABSENT);
    expect((await readAll(place.target)).equals(large)).toBe(true);
    expect(place.server.versions(KEY)).toBe(1);
  });
});

describe('a fault that stays', () => {
  for (const operation of [
    'PutObject',
    'CreateMultipartUpload',
    'UploadPart',
    'CompleteMultipartUpload',
  ] as const satisfies readonly S3Operation[]) {
    it(`of ${operation} ends the put and leaves the old object and no upload`, async () => {
      await using place = await openPlace();
      const old = bytesOf(500);
      await place.target.put(KEY, bodyOf(old));
      place.server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', operation, times: Infinity });
      const body = operation === 'PutObject' ? small : large;
      const error = await errorOf(place.target.put(KEY, bodyOf(body)));
      expect([error.code, error.retryable]).toEqual(['THROTTLED', true]);
      expect(await readAll(place.target)).toEqual(old);
      expect(place.server.uploads()).toEqual([]);
      expect(place.server.requests.filter((request) => request.operation === operation).length).toBeLessThan(
        30,
      );
    });
  }

  it('closes the body and does not wait for it', async () => {
    await using place = await openPlace();
    place.server.faults.add({
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      operation: 'UploadPart',
      times: Infinity,
    });
    const closed = Promise.withResolvers<string>();
    const body = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield bytesOf(6 * MIB);
        yield bytesOf(6 * MIB);
        // The upload fails while the body stands still.
        await new Promise(() => {});
      } finally {
        closed.resolve('closed');
      }
    };
    expect((await errorOf(place.target.put(KEY, body()))).code).toBe('ACCESS_DENIED');
    expect(place.server.uploads()).toEqual([]);
  });
});

it('does not take a put of somebody else for its own', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(small));
  // The first try is not done; the second finds an object with the very same bytes, but it is not this put's.
  place.server.faults.add({ kind: 'error', operation: 'PutObject' });
  expect((await errorOf(place.target.put(KEY, bodyOf(small), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
});

it('refuses a large put whose condition does not hold before it sends anything, and again at the end', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(small));
  expect((await errorOf(place.target.put(KEY, bodyOf(large), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(countsOf(place.server).CreateMultipartUpload).toBeUndefined();
  await place.target.delete(KEY);
  let sent = 0;
  const body = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of bodyOf(large)) {
      if ((sent += 1) === 14) await place.target.put(KEY, bodyOf(small));
      yield chunk;
    }
  };
  expect((await errorOf(place.target.put(KEY, body(), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(await readAll(place.target)).toEqual(small);
  expect(place.server.uploads()).toEqual([]);
});

it('says when a lifecycle rule removes its upload', async () => {
  await using place = await openPlace();
  place.server.faults.add({
    kind: 'error',
    status: 404,
    code: 'NoSuchUpload',
    operation: 'CompleteMultipartUpload',
    times: Infinity,
  });
  const error = await errorOf(place.target.put(KEY, bodyOf(large)));
  expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
  expect(error.hint).toContain('lifecycle');
});

describe('a get', () => {
  for (const [kind, code] of [
    ['cut', 'UNAVAILABLE'],
    ['reset', 'UNAVAILABLE'],
    ['error', 'UNAVAILABLE'],
  ] as const) {
    it(`fails with ${code} if its answer is disturbed: ${kind}`, async () => {
      await using place = await openPlace();
      await place.target.put(KEY, bodyOf(large));
      place.server.faults.add({ kind, operation: 'GetObject' });
      const error = await errorOf(readAll(place.target));
      expect([error.code, error.retryable]).toEqual([code, true]);
      expect((await readAll(place.target)).equals(large)).toBe(true);
    });
  }

  for (const kind of ['wrong-length', 'ignore-range'] as const) {
    it(`is CORRUPT if the answer is not the range that was asked for: ${kind}`, async () => {
      await using place = await openPlace();
      await place.target.put(KEY, bodyOf(small));
      place.server.faults.add({ kind, operation: 'GetObject' });
      expect((await errorOf(place.target.get(KEY, { range: { start: 10, end: 20 } }))).code).toBe('CORRUPT');
    });
  }
});

it('does not repeat what core repeats', async () => {
  await using place = await openPlace();
  for (const operation of [
    'GetObject',
    'HeadObject',
    'ListObjectsV2',
    'DeleteObject',
    'DeleteObjects',
  ] as const)
    place.server.faults.add({ kind: 'error', operation, times: Infinity });
  const { target } = place;
  for (const call of [
    () => target.get(KEY),
    () => target.stat(KEY),
    () => keysOf(target),
    () => target.delete(KEY),
    () => target.deleteMany([KEY]),
  ])
    expect((await errorOf(call())).code).toBe('UNAVAILABLE');
  expect(countsOf(place.server)).toEqual({
    GetObject: 1,
    HeadObject: 1,
    ListObjectsV2: 1,
    DeleteObject: 1,
    DeleteObjects: 1,
  });
});
