import type { GcsOperation } from '@quackup/gcs-server';
import { expect, it } from 'vitest';

import type { GcsTarget } from '../src/index.ts';
import { bodyOf, bytesOf, KEY, keysOf, MIB, openPlace, readAll } from './support.ts';

const large = bytesOf(3 * MIB + 3);

type Call = (target: GcsTarget, signal: AbortSignal) => Promise<unknown>;

const CALLS: readonly (readonly [GcsOperation, Call])[] = [
  ['InsertMultipart', (target, signal) => target.put(KEY, bodyOf(bytesOf(10)), { signal })],
  ['StartResumable', (target, signal) => target.put(KEY, bodyOf(large), { signal })],
  ['UploadChunk', (target, signal) => target.put(KEY, bodyOf(large), { signal })],
  ['GetMedia', (target, signal) => target.get(KEY, { signal })],
  ['GetObject', (target, signal) => target.stat(KEY, { signal })],
  ['ListObjects', (target, signal) => keysOf(target, { signal })],
  ['DeleteObject', (target, signal) => target.delete(KEY, { signal })],
];

for (const [operation, call] of CALLS) {
  it(`ends ${operation} that hangs with the reason itself, and leaves no upload`, async () => {
    await using place = await openPlace();
    const reached = Promise.withResolvers<undefined>();
    place.server.faults.add({ kind: 'stall', operation, onHit: () => reached.resolve(undefined) });
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = call(place.target, controller.signal).catch((error: unknown) => error);
    await reached.promise;
    controller.abort(reason);
    expect(await pending).toBe(reason);
    await place.target.close();
    expect(place.server.uploads()).toEqual([]);
    expect(place.server.objects().size).toBe(0);
  });
}

it('does not wait for an upload that cannot be cancelled, but close does', async () => {
  await using place = await openPlace();
  const controller = new AbortController();
  place.server.faults.add({
    kind: 'stall',
    operation: 'UploadChunk',
    onHit: () => setImmediate(() => controller.abort('enough')),
  });
  const cancelled = Promise.withResolvers<undefined>();
  place.server.faults.add({
    kind: 'error',
    status: 503,
    operation: 'CancelUpload',
    onHit: () => cancelled.resolve(undefined),
  });
  const put = place.target.put(KEY, bodyOf(large), { signal: controller.signal });
  expect(await put.catch((error: unknown) => error)).toBe('enough');
  await place.target.close();
  await cancelled.promise;
  expect(place.server.uploads()).toEqual([KEY]);
});

it('ends a body that stands still with the reason itself', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(large));
  place.server.faults.add({ kind: 'stall-body', operation: 'GetMedia' });
  const controller = new AbortController();
  const { body } = await place.target.get(KEY, { signal: controller.signal });
  let length = 0;
  const reading = (async () => {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length === Math.floor(large.length / 2)) controller.abort('enough');
    }
  })().catch((error: unknown) => error);
  expect(await reading).toBe('enough');
});

for (const operation of ['InsertMultipart', 'UploadChunk'] as const) {
  it(`stops repeating when the signal is aborted: ${operation}`, async () => {
    await using place = await openPlace({ environment: { retryMs: 3_600_000 } });
    const controller = new AbortController();
    // The pause that follows would last for an hour.
    place.server.faults.add({
      kind: 'error',
      operation,
      onHit: () => setTimeout(() => controller.abort('enough'), 20),
      times: Infinity,
    });
    const bytes = operation === 'InsertMultipart' ? bytesOf(10) : large;
    const put = place.target.put(KEY, bodyOf(bytes), { signal: controller.signal });
    expect(await put.catch((error: unknown) => error)).toBe('enough');
  });
}

it('keeps connections for the next call when bodies are destroyed', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(large));
  for (let round = 0; round < 100; round += 1) (await place.target.get(KEY)).body.destroy();
  expect((await readAll(place.target)).equals(large)).toBe(true);
});
