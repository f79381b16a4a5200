import { expect, it } from 'vitest';

import type { AzureTarget } from '../src/index.ts';
import type { AzureOperation } from './fault-proxy.ts';
import { bodyOf, bytesOf, KEY, keysOf, MIB, openPlace, readAll, sharedAzurite } from './support.ts';

const azurite = sharedAzurite();

const large = bytesOf(3 * MIB + 3);

type Call = (target: AzureTarget, signal: AbortSignal) => Promise<unknown>;

const CALLS: readonly (readonly [AzureOperation, Call])[] = [
  ['PutBlob', (target, signal) => target.put(KEY, bodyOf(bytesOf(10)), { signal })],
  ['PutBlock', (target, signal) => target.put(KEY, bodyOf(large), { signal })],
  ['PutBlockList', (target, signal) => target.put(KEY, bodyOf(large), { signal })],
  ['GetBlob', (target, signal) => target.get(KEY, { signal })],
  ['HeadBlob', (target, signal) => target.stat(KEY, { signal })],
  ['ListBlobs', (target, signal) => keysOf(target, { signal })],
  ['DeleteBlob', (target, signal) => target.delete(KEY, { signal })],
];

for (const [operation, call] of CALLS) {
  it(`ends ${operation} that hangs with the reason itself`, async () => {
    await using place = await openPlace(azurite());
    const reached = Promise.withResolvers<undefined>();
    place.proxy.addFault({ kind: 'stall', operation, onHit: () => reached.resolve(undefined) });
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = call(place.target, controller.signal).catch((error: unknown) => error);
    await reached.promise;
    controller.abort(reason);
    expect(await pending).toBe(reason);
    expect(await keysOf(place.target)).toEqual([]);
  });
}

it('ends a body that stands still with the reason itself', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(large));
  place.proxy.addFault({ kind: 'stall-body', operation: 'GetBlob' });
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

it('stops repeating when the signal is aborted', async () => {
  await using place = await openPlace(azurite(), {}, { retryMs: 3_600_000 });
  const controller = new AbortController();
  place.proxy.addFault({ kind: 'error', operation: 'PutBlob', times: Infinity });
  // The pause that follows would last for an hour.
  place.proxy.addFault({
    kind: 'error',
    operation: 'HeadBlob',
    onHit: () => setImmediate(() => controller.abort('enough')),
  });
  const put = place.target.put(KEY, bodyOf(bytesOf(10)), { signal: controller.signal });
  expect(await put.catch((error: unknown) => error)).toBe('enough');
});

it('keeps connections for the next call when bodies are destroyed', async () => {
  await using place = await openPlace(azurite());
  await place.target.put(KEY, bodyOf(large));
  for (let round = 0; round < 60; round += 1) (await place.target.get(KEY)).body.destroy();
  expect((await readAll(place.target)).equals(large)).toBe(true);
});
