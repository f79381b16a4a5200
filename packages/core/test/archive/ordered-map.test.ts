import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { orderedMap } from '../../src/lib/archive/ordered-map.ts';

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('results come in the order of the items, whatever finishes first, and no more than the limit run', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.integer(), { maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      async (scheduler, items, limit) => {
        let running = 0;
        let most = 0;
        const mapped = orderedMap(items, limit, async (item) => {
          running += 1;
          most = Math.max(most, running);
          const result = await scheduler.schedule(Promise.resolve(item * 2));
          running -= 1;
          return result;
        });
        const all = collect(mapped);
        await scheduler.waitFor(all);
        expect(await all).toEqual(items.map((item) => item * 2));
        expect(most).toBeLessThanOrEqual(limit);
        if (items.length >= limit) expect(most).toBe(limit);
      },
    ),
    { numRuns: 60 },
  );
});

/** A source that says whether it was closed. */
function source(count: number): {
  readonly items: AsyncGenerator<number>;
  readonly seen: { taken: number; closed: boolean };
} {
  const seen = { taken: 0, closed: false };
  async function* generate(): AsyncGenerator<number> {
    try {
      for (let item = 0; item < count; item += 1) {
        seen.taken += 1;
        yield item;
      }
    } finally {
      seen.closed = true;
    }
  }
  return { items: generate(), seen };
}

test('the first failure of the work ends it when all that has begun is over', async () => {
  const { items, seen } = source(100);
  let begun = 0;
  let ended = 0;
  const mapped = orderedMap(items, 4, async (item) => {
    begun += 1;
    await new Promise((resolve) => setImmediate(resolve));
    ended += 1;
    if (item === 5) throw new Error('item 5');
    return item;
  });
  await expect(collect(mapped)).rejects.toThrow('item 5');
  expect(seen.closed).toBe(true);
  expect(ended).toBe(begun);
  expect(seen.taken).toBeLessThan(12);
});

async function* broken(): AsyncGenerator<number> {
  yield 1;
  yield 2;
  throw new Error('source');
}

test('a failure of the source is raised when what has begun is over', async () => {
  let ended = 0;
  const mapped = orderedMap(broken(), 8, async (item) => {
    await new Promise((resolve) => setImmediate(resolve));
    ended += 1;
    return item;
  });
  await expect(collect(mapped)).rejects.toThrow('source');
  expect(ended).toBe(2);
});

test('a reader that stops early closes the source and waits for what runs', async () => {
  const { items, seen } = source(100);
  let running = 0;
  for await (const item of orderedMap(items, 3, async (value) => {
    running += 1;
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return value;
  })) {
    if (item === 2) break;
  }
  expect(seen.closed).toBe(true);
  expect(running).toBe(0);
});
