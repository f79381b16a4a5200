import type { S3Operation } from '@quackup/s3-server';
import { expect, it } from 'vitest';

import { openS3Target } from '../src/index.ts';
import { bodyOf, bytesOf, KEY, keysOf, MIB, openPlace, optionsFor, readAll } from './support.ts';

const large = bytesOf(15 * MIB + 3);

for (const operation of [
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
] as const satisfies readonly S3Operation[]) {
  it(`ends a put that hangs in ${operation} with the reason itself, and aborts the upload`, async () => {
    await using place = await openPlace();
    const reached = Promise.withResolvers<undefined>();
    place.server.faults.add({ kind: 'stall', operation, onHit: () => reached.resolve(undefined) });
    const controller = new AbortController();
    const reason = new Error('enough');
    const put = place.target
      .put(KEY, bodyOf(large), { signal: controller.signal })
      .catch((error: unknown) => error);
    await reached.promise;
    controller.abort(reason);
    expect(await put).toBe(reason);
    expect(place.server.uploads()).toEqual([]);
    expect(place.server.objects().size).toBe(0);
  });
}

for (const [operation, call] of [
  ['GetObject', (key, signal, target) => target.get(key, { signal })],
  ['HeadObject', (key, signal, target) => target.stat(key, { signal })],
  ['ListObjectsV2', (_key, signal, target) => keysOf(target, { signal })],
  ['DeleteObject', (key, signal, target) => target.delete(key, { signal })],
  ['PutObject', (key, signal, target) => target.put(key, bodyOf(bytesOf(10)), { signal })],
] as const satisfies readonly (readonly [
  S3Operation,
  (
    key: typeof KEY,
    signal: AbortSignal,
    target: Awaited<ReturnType<typeof openPlace>>['target'],
  ) => Promise<unknown>,
])[]) {
  it(`ends ${operation} that hangs with the reason itself`, async () => {
    await using place = await openPlace();
    const reached = Promise.withResolvers<undefined>();
    place.server.faults.add({ kind: 'stall', operation, onHit: () => reached.resolve(undefined) });
    const controller = new AbortController();
    const pending = call(KEY, controller.signal, place.target).catch((error: unknown) => error);
    await reached.promise;
    controller.abort('enough');
    expect(await pending).toBe('enough');
  });
}

it('ends a body that stands still with the reason itself', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(large));
  place.server.faults.add({ kind: 'stall-body', operation: 'GetObject', afterBytes: 100_000 });
  const controller = new AbortController();
  const { body } = await place.target.get(KEY, { signal: controller.signal });
  let length = 0;
  const reading = (async () => {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length === 100_000) controller.abort('enough');
    }
  })().catch((error: unknown) => error);
  expect(await reading).toBe('enough');
});

it('stops repeating when the signal is aborted', async () => {
  await using place = await openPlace({ environment: { retryMs: 3_600_000 } });
  const controller = new AbortController();
  place.server.faults.add({ kind: 'error', operation: 'PutObject', times: Infinity });
  // The pause that follows would last for an hour.
  place.server.faults.add({
    kind: 'error',
    operation: 'HeadObject',
    onHit: () => setImmediate(() => controller.abort('enough')),
  });
  const put = place.target.put(KEY, bodyOf(bytesOf(10)), { signal: controller.signal });
  expect(await put.catch((error: unknown) => error)).toBe('enough');
});

it('ends the opening', async () => {
  await using place = await openPlace();
  const controller = new AbortController();
  place.server.faults.add({ kind: 'stall', operation: 'PutObject', onHit: () => controller.abort('enough') });
  const opening = openS3Target(optionsFor(place.server), { signal: controller.signal });
  expect(await opening.catch((error: unknown) => error)).toBe('enough');
});

it('keeps connections for the next call when bodies are destroyed', async () => {
  await using place = await openPlace();
  await place.target.put(KEY, bodyOf(large));
  for (let round = 0; round < 300; round += 1) (await place.target.get(KEY)).body.destroy();
  expect((await readAll(place.target)).equals(large)).toBe(true);
});
