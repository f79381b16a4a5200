import { describe, expect, it } from 'vitest';

import type { AzureFault, AzureOperation } from './fault-proxy.ts';
import {
  bodyOf,
  bytesOf,
  countsOf,
  errorOf,
  KEY,
  keysOf,
  MIB,
  openPlace,
  readAll,
  sharedAzurite,
} from './support.ts';

const azurite = sharedAzurite();

const IF_ABSENT = { condition: { type: 'if-absent' } } as const;
const small = bytesOf(1000);
// Three blocks of 1 MiB and a rest.
const large = bytesOf(3 * MIB + 3);

const KINDS: readonly AzureFault[] = [
  { kind: 'error' },
  { kind: 'error', status: 503, code: 'ServerBusy', times: 3 },
  { kind: 'error', status: 429, code: 'TooManyRequests' },
  { kind: 'error', status: 500, code: 'OperationTimedOut' },
  { kind: 'error-page' },
  { kind: 'error-after' },
  { kind: 'reset' },
  { kind: 'reset-after' },
];

const etagOf = async (place: Awaited<ReturnType<typeof openPlace>>): Promise<string | undefined> =>
  (await place.container.getBlobClient(KEY).getProperties()).etag;

describe('a put gets over a fault, stores whole and once', () => {
  for (const fault of KINDS) {
    for (const options of [{}, IF_ABSENT]) {
      const name = `${fault.kind} ${fault.code ?? ''}${options === IF_ABSENT ? ', if absent' : ''}`;

      it(`PutBlob: ${name}`, async () => {
        await using place = await openPlace(azurite());
        place.proxy.addFault({ ...fault, operation: 'PutBlob' });
        const info = await place.target.put(KEY, bodyOf(small), options);
        expect(await readAll(place.target)).toEqual(small);
        // Each write has an etag of its own: a second one would have changed it.
        expect(info).toMatchObject({ size: small.length, etag: await etagOf(place) });
        const sent = countsOf(place.proxy).PutBlob ?? 0;
        expect(sent).toBe(fault.kind.endsWith('-after') ? 1 : 1 + (fault.times ?? 1));
      });

      for (const operation of ['PutBlock', 'PutBlockList'] as const) {
        it(`${operation}: ${name}`, async () => {
          await using place = await openPlace(azurite());
          place.proxy.addFault({ ...fault, operation });
          const info = await place.target.put(KEY, bodyOf(large), options);
          expect((await readAll(place.target)).equals(large)).toBe(true);
          expect(info).toMatchObject({ size: large.length, etag: await etagOf(place) });
          if (operation === 'PutBlockList' && fault.kind.endsWith('-after'))
            expect(countsOf(place.proxy).PutBlockList).toBe(1);
        });
      }
    }
  }

  it.each(['PutBlob', 'PutBlock'] as const)('%s: a byte that was changed on the way', async (operation) => {
    await using place = await openPlace(azurite());
    place.proxy.addFault({ kind: 'damage', operation });
    const bytes = operation === 'PutBlob' ? small : large;
    await place.target.put(KEY, bodyOf(bytes));
    expect((await readAll(place.target)).equals(bytes)).toBe(true);
    expect(countsOf(place.proxy)[operation]).toBe(operation === 'PutBlob' ? 2 : 5);
  });
});

describe('a fault that stays', () => {
  for (const operation of [
    'PutBlob',
    'PutBlock',
    'PutBlockList',
  ] as const satisfies readonly AzureOperation[]) {
    it(`of ${operation} ends the put and leaves the old object`, async () => {
      await using place = await openPlace(azurite());
      const old = bytesOf(500);
      await place.target.put(KEY, bodyOf(old));
      place.proxy.addFault({ kind: 'error', status: 503, code: 'ServerBusy', operation, times: Infinity });
      const error = await errorOf(place.target.put(KEY, bodyOf(operation === 'PutBlob' ? small : large)));
      expect([error.code, error.retryable]).toEqual(['THROTTLED', true]);
      expect(await readAll(place.target)).toEqual(old);
      expect(await keysOf(place.target)).toEqual([KEY]);
      expect(countsOf(place.proxy)[operation]).toBeLessThan(30);
    });
  }

  it('closes the body and does not wait for it', async () => {
    await using place = await openPlace(azurite());
    place.proxy.addFault({
      kind: 'error',
      status: 403,
      code: 'AuthorizationPermissionMismatch',
      operation: 'PutBlock',
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
  });
});

it('does not take a put of somebody else for its own', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(small));
  // The first try is not done; the second finds a blob with the very same bytes, but it is not this put's.
  place.proxy.addFault({ kind: 'error', operation: 'PutBlob' });
  expect((await errorOf(place.target.put(KEY, bodyOf(small), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
});

it('refuses a large put whose condition does not hold before it sends anything, and again at the end', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(small));
  expect((await errorOf(place.target.put(KEY, bodyOf(large), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(countsOf(place.proxy).PutBlock).toBeUndefined();
  await place.target.delete(KEY);
  // Somebody else is faster.
  place.proxy.addFault({
    kind: 'error',
    operation: 'PutBlockList',
    onHit: () => void place.container.getBlockBlobClient(KEY).upload(small, small.length),
  });
  expect((await errorOf(place.target.put(KEY, bodyOf(large), IF_ABSENT))).code).toBe('PRECONDITION_FAILED');
  expect(await readAll(place.target)).toEqual(small);
});

describe('two large puts of one object at a time', () => {
  const other = Buffer.from(bytesOf(2 * MIB).toReversed());

  /** Puts `large`; when half of it was sent, `other` is put. */
  const putBoth = async (
    place: Awaited<ReturnType<typeof openPlace>>,
    options: Parameters<typeof place.target.put>[2],
  ): ReturnType<typeof errorOf> => {
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield large.subarray(0, 2 * MIB);
      yield large.subarray(2 * MIB, 3 * MIB);
      await place.target.put(KEY, bodyOf(other));
      yield large.subarray(3 * MIB);
    };
    return errorOf(place.target.put(KEY, body(), options));
  };

  it('never mix: the first that ends is there, the other says that its blocks are gone', async () => {
    await using place = await openPlace(azurite(), { parallelBlocks: 1 });
    const error = await putBoth(place, {});
    expect([error.code, error.retryable]).toEqual(['UNAVAILABLE', false]);
    expect(error.hint).toContain('only one process');
    expect((await readAll(place.target)).equals(other)).toBe(true);
  });

  it('never mix: an if-absent does not hold any more', async () => {
    await using place = await openPlace(azurite(), { parallelBlocks: 1 });
    expect((await putBoth(place, IF_ABSENT)).code).toBe('PRECONDITION_FAILED');
    expect((await readAll(place.target)).equals(other)).toBe(true);
  });

  it('never mix: nor does an if-match', async () => {
    await using place = await openPlace(azurite(), { parallelBlocks: 1 });
    const { etag = '' } = await place.target.put(KEY, bodyOf(small));
    expect((await putBoth(place, { condition: { type: 'if-match', etag } })).code).toBe(
      'PRECONDITION_FAILED',
    );
    expect((await readAll(place.target)).equals(other)).toBe(true);
  });
});

it('takes over a name on which an earlier put left blocks', async () => {
  await using place = await openPlace(azurite());
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield large;
    throw new Error('of the body');
  };
  await expect(place.target.put(KEY, failing())).rejects.toThrow('of the body');
  expect(await place.target.stat(KEY)).toBeUndefined();
  await expect(place.target.get(KEY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await place.target.delete(KEY);
  await place.target.put(KEY, bodyOf(large), IF_ABSENT);
  expect((await readAll(place.target)).equals(large)).toBe(true);
});

describe('a get', () => {
  for (const fault of [
    { kind: 'cut' },
    { kind: 'reset' },
    { kind: 'error' },
    { kind: 'error', status: 503, code: 'ServerBusy' },
  ] as const satisfies readonly AzureFault[]) {
    it(`fails if its answer is disturbed: ${fault.kind} ${'code' in fault ? fault.code : ''}`, async () => {
      await using place = await openPlace(azurite());
      await place.target.put(KEY, bodyOf(large));
      place.proxy.addFault({ ...fault, operation: 'GetBlob' });
      const error = await errorOf(readAll(place.target));
      expect([error.code, error.retryable]).toEqual(['code' in fault ? 'THROTTLED' : 'UNAVAILABLE', true]);
      expect((await readAll(place.target)).equals(large)).toBe(true);
      expect(countsOf(place.proxy).GetBlob).toBe(2);
    });
  }

  it('is CORRUPT if the answer is not the range that was asked for', async () => {
    await using place = await openPlace(azurite());
    await place.target.put(KEY, bodyOf(small));
    place.proxy.addFault({ kind: 'ignore-range', operation: 'GetBlob' });
    expect((await errorOf(place.target.get(KEY, { range: { start: 10, end: 20 } }))).code).toBe('CORRUPT');
  });
});

it('does not repeat what core repeats', async () => {
  await using place = await openPlace(azurite());
  for (const operation of ['GetBlob', 'HeadBlob', 'ListBlobs', 'DeleteBlob'] as const)
    place.proxy.addFault({ kind: 'error', operation, times: Infinity });
  const { target } = place;
  for (const call of [
    () => target.get(KEY),
    () => target.stat(KEY),
    () => keysOf(target),
    () => target.delete(KEY),
  ])
    expect((await errorOf(call())).code).toBe('UNAVAILABLE');
  expect(countsOf(place.proxy)).toEqual({ GetBlob: 1, HeadBlob: 1, ListBlobs: 1, DeleteBlob: 1 });
});

it('deletes once if the answer was lost and core asks again', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(small));
  place.proxy.addFault({ kind: 'reset-after', operation: 'DeleteBlob' });
  expect((await errorOf(place.target.delete(KEY))).retryable).toBe(true);
  await place.target.delete(KEY);
  expect(await keysOf(place.target)).toEqual([]);
});
