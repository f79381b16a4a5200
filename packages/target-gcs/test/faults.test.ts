import { Readable } from 'node:stream';

import type { GcsFault, GcsOperation } from '@quackup/gcs-server';
import { describe, expect, it } from 'vitest';

import { openGcsTarget } from '../src/index.ts';
import { bodyOf, bytesOf, countsOf, errorOf, KEY, keysOf, MIB, openPlace, readAll } from './support.ts';

const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const small = bytesOf(1000);
// Three chunks of 1 MiB and a rest.
const large = bytesOf(3 * MIB + 3);

const KINDS: readonly GcsFault[] = [
  { kind: 'error' },
  { kind: 'error', status: 503, times: 3 },
  { kind: 'error', status: 429, reason: 'rateLimitExceeded' },
  { kind: 'error-page' },
  { kind: 'error-after' },
  { kind: 'reset' },
  { kind: 'reset-after' },
];

describe('a put gets over a fault, stores whole and once', () => {
  for (const fault of KINDS) {
    for (const options of [{}, IF_ABSENT]) {
      const name = `${fault.kind} ${fault.status ?? ''}${options === IF_ABSENT ? ', if absent' : ''}`;

      it(`InsertMultipart: ${name}`, async () => {
        await using place = await openPlace();
        place.server.faults.add({ ...fault, operation: 'InsertMultipart' });
        const info = await place.target.put(KEY, bodyOf(small), options);
        expect(await readAll(place.target)).toEqual(small);
        expect(place.server.generations(KEY)).toBe(1);
        expect(await place.target.stat(KEY)).toEqual(info);
        const sent = countsOf(place.server).InsertMultipart ?? 0;
        expect(sent).toBe(fault.kind.endsWith('-after') ? 1 : 1 + (fault.times ?? 1));
      });

      // The last one makes the object visible.
      for (const [operation, after] of [
        ['StartResumable', 0],
        ['UploadChunk', 0],
        ['UploadChunk', 1],
        ['UploadChunk', 3],
      ] as const) {
        it(`${operation} after ${after}: ${name}`, async () => {
          await using place = await openPlace();
          place.server.faults.add({ ...fault, operation, after });
          const info = await place.target.put(KEY, bodyOf(large), options);
          expect((await readAll(place.target)).equals(large)).toBe(true);
          expect(info.size).toBe(large.length);
          expect(place.server.generations(KEY)).toBe(1);
          expect(await place.target.stat(KEY)).toEqual(info);
        });
      }
    }
  }

  for (const kind of ['partial', 'partial-reset'] as const) {
    it(`goes on in the middle of a chunk: ${kind}`, async () => {
      await using place = await openPlace();
      place.server.faults.add({ kind, operation: 'UploadChunk', after: 1, times: 2 });
      await place.target.put(KEY, bodyOf(large));
      expect((await readAll(place.target)).equals(large)).toBe(true);
      const ranges = place.server.requests.map(({ headers }) => headers['content-range']).filter(Boolean);
      // Nothing that the service has is sent again.
      expect(ranges).toContain(`bytes ${MIB + MIB / 2}-${2 * MIB - 1}/*`);
      expect(ranges.filter((range) => range?.startsWith(`bytes ${MIB}-`)).length).toBe(1);
    });
  }

  it('asks again when the answer to its question is lost as well', async () => {
    await using place = await openPlace();
    place.server.faults.add({ kind: 'reset-after', operation: 'UploadChunk', after: 3 });
    place.server.faults.add({ kind: 'error', status: 503, operation: 'QueryUpload', times: 2 });
    await place.target.put(KEY, bodyOf(large), IF_ABSENT);
    expect((await readAll(place.target)).equals(large)).toBe(true);
    expect([place.server.generations(KEY), countsOf(place.server).QueryUpload]).toEqual([1, 3]);
  });

  it('knows its own object when the upload is forgotten after it was finished', async () => {
    await using place = await openPlace();
    place.server.faults.add({ kind: 'reset-after', operation: 'UploadChunk', after: 3 });
    place.server.faults.add({ kind: 'forget', operation: 'QueryUpload' });
    const info = await place.target.put(KEY, bodyOf(large), IF_ABSENT);
    expect(await place.target.stat(KEY)).toEqual(info);
    expect(place.server.generations(KEY)).toBe(1);
  });

  it('a byte of a small object that was changed on the way', async () => {
    await using place = await openPlace();
    place.server.faults.add({ kind: 'damage', operation: 'InsertMultipart' });
    await place.target.put(KEY, bodyOf(small));
    expect(await readAll(place.target)).toEqual(small);
    expect([place.server.generations(KEY), countsOf(place.server).InsertMultipart]).toEqual([1, 2]);
  });
});

describe('a fault that stays', () => {
  for (const operation of [
    'InsertMultipart',
    'StartResumable',
    'UploadChunk',
  ] as const satisfies readonly GcsOperation[]) {
    it(`of ${operation} ends the put and leaves the old object and no upload`, async () => {
      await using place = await openPlace();
      const old = bytesOf(500);
      await place.target.put(KEY, bodyOf(old));
      place.server.faults.add({
        kind: 'error',
        status: 429,
        reason: 'rateLimitExceeded',
        operation,
        times: Infinity,
      });
      const error = await errorOf(
        place.target.put(KEY, bodyOf(operation === 'InsertMultipart' ? small : large)),
      );
      expect([error.code, error.retryable]).toEqual(['THROTTLED', true]);
      expect(await readAll(place.target)).toEqual(old);
      await place.target.close();
      expect(place.server.uploads()).toEqual([]);
      expect(countsOf(place.server)[operation]).toBeLessThan(10);
    });
  }

  it('of a service that takes nothing ends the put', async () => {
    await using place = await openPlace({ target: { chunkSizeMiB: 1 } });
    // Half of 256 KiB is nothing: the last chunk has 3 bytes.
    place.server.faults.add({ kind: 'partial', operation: 'UploadChunk', after: 3, times: Infinity });
    const error = await errorOf(place.target.put(KEY, bodyOf(large)));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain('took nothing');
    expect(countsOf(place.server).UploadChunk).toBeLessThan(12);
  });

  it('closes the body and does not wait for it', async () => {
    await using place = await openPlace();
    place.server.faults.add({
      kind: 'error',
      status: 403,
      reason: 'forbidden',
      operation: 'UploadChunk',
      times: Infinity,
    });
    let closed = false;
    const body = {
      [Symbol.asyncIterator]: () => {
        let chunks = 0;
        return {
          next: () => {
            chunks += 1;
            // The upload fails while the body stands still.
            if (chunks > 2) return new Promise<never>(() => {});
            return Promise.resolve({ done: false, value: bytesOf(MIB) });
          },
          return: () => {
            closed = true;
            return Promise.resolve({ done: true, value: undefined } as const);
          },
        };
      },
    };
    expect((await errorOf(place.target.put(KEY, body))).code).toBe('ACCESS_DENIED');
    expect(closed).toBe(true);
    await place.target.close();
    expect(place.server.uploads()).toEqual([]);
  });
});

it('never stores content that is not what was sent: the service is told its MD5', async () => {
  await using place = await openPlace();
  place.server.faults.add({ kind: 'damage', operation: 'UploadChunk', after: 1 });
  expect((await errorOf(place.target.put(KEY, bodyOf(large)))).message).toContain('MD5');
  expect(await keysOf(place.target)).toEqual([]);
});

it('does not take a put of somebody else for its own', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(small));
  // The first try is not done; the second finds an object with the very same bytes, but it is not this put's.
  place.server.faults.add({ kind: 'error', operation: 'InsertMultipart' });
  expect((await errorOf(place.target.put(KEY, bodyOf(small), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
});

it('refuses a large put whose condition does not hold before it sends anything, and again at the end', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(small));
  expect((await errorOf(place.target.put(KEY, bodyOf(large), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(countsOf(place.server).UploadChunk).toBeUndefined();
  await place.target.delete(KEY);
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield large.subarray(0, 2 * MIB);
    await place.target.put(KEY, bodyOf(small));
    yield large.subarray(2 * MIB);
  };
  expect((await errorOf(place.target.put(KEY, body(), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(await readAll(place.target)).toEqual(small);
  await place.target.close();
  expect(place.server.uploads()).toEqual([]);
});

it('says when the service has lost its upload', async () => {
  await using place = await openPlace();
  place.server.faults.add({ kind: 'forget', operation: 'UploadChunk', after: 2 });
  const error = await errorOf(place.target.put(KEY, bodyOf(large)));
  expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
  expect(error.message).toContain('lost the upload');
});

describe('a get', () => {
  for (const fault of [
    { kind: 'cut' },
    { kind: 'reset' },
    { kind: 'error' },
  ] as const satisfies readonly GcsFault[]) {
    it(`fails if its answer is disturbed: ${fault.kind}`, async () => {
      await using place = await openPlace();
      await place.target.put(KEY, bodyOf(large));
      place.server.faults.add({ ...fault, operation: 'GetMedia' });
      const error = await errorOf(readAll(place.target));
      expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', true]);
      expect((await readAll(place.target)).equals(large)).toBe(true);
      expect(countsOf(place.server).GetMedia).toBe(2);
    });
  }

  for (const kind of ['wrong-length', 'ignore-range'] as const) {
    it(`is CORRUPT if the answer is not the range that was asked for: ${kind}`, async () => {
      await using place = await openPlace();
      await place.target.put(KEY, bodyOf(small));
      place.server.faults.add({ kind, operation: 'GetMedia' });
      expect((await errorOf(place.target.get(KEY, { range: { start: 10, end: 20 } }))).code).toBe('CORRUPT');
    });
  }
});

it('does not repeat what core repeats', async () => {
  await using place = await openPlace();
  for (const operation of ['GetMedia', 'GetObject', 'ListObjects', 'DeleteObject'] as const)
    place.server.faults.add({ kind: 'error', operation, times: Infinity });
  const { target } = place;
  for (const call of [
    () => target.get(KEY),
    () => target.stat(KEY),
    () => keysOf(target),
    () => target.delete(KEY),
  ])
    expect((await errorOf(call())).code).toBe('UNAVAILABLE');
  expect(countsOf(place.server)).toEqual({ GetMedia: 1, GetObject: 1, ListObjects: 1, DeleteObject: 1 });
});

it('deletes once if the answer was lost and core asks again', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(small));
  place.server.faults.add({ kind: 'reset-after', operation: 'DeleteObject' });
  expect((await errorOf(place.target.delete(KEY))).retryable).toBe(true);
  await place.target.delete(KEY);
  expect(await keysOf(place.target)).toEqual([]);
});

it('refuses a list that is not in the order of names', async () => {
  const page = { items: ['b', 'a'].map((name) => ({ name, size: '1', generation: '1' })) };
  const authClient = {
    request: async () => ({
      status: 200,
      headers: new Headers(),
      data: Readable.from([Buffer.from(JSON.stringify(page))]),
    }),
  };
  await using target = await openGcsTarget({ bucket: 'test' }, { authClient });
  expect((await errorOf(keysOf(target))).code).toBe('UNSUPPORTED');
});
