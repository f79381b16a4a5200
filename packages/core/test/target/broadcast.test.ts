import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { broadcast } from '../../src/lib/target/broadcast.ts';

/** A source that knows how far it has been read and whether it was closed. */
class Source implements AsyncIterable<number> {
  given = 0;
  closed = false;
  readonly #length: number;
  readonly #failure: Error | undefined;

  constructor(length: number, failure?: Error) {
    this.#length = length;
    this.#failure = failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      while (this.given < this.#length) {
        this.given += 1;
        yield this.given;
      }
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      this.closed = true;
    }
  }
}

const open = (branch: AsyncIterable<number> | undefined): AsyncIterator<number> => {
  if (branch === undefined) throw new Error('no such branch');
  return branch[Symbol.asyncIterator]();
};
/** Lets everything happen that can happen by itself. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function readAll(branch: AsyncIterable<number> | undefined): Promise<number[]> {
  const items: number[] = [];
  if (branch === undefined) throw new Error('no such branch');
  for await (const item of branch) items.push(item);
  return items;
}

test('each consumer gets every item in order, whatever the pace of each', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.nat({ max: 20 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (scheduler, length, consumers, depth) => {
        const expected = Array.from({ length }, (_, index) => index + 1);
        const read = broadcast(new Source(length), consumers, depth).map(async (branch) => {
          const items: number[] = [];
          for await (const item of branch) {
            items.push(item);
            await scheduler.schedule(Promise.resolve());
          }
          return items;
        });
        expect(await scheduler.waitFor(Promise.all(read))).toEqual(
          Array.from({ length: consumers }, () => expected),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('a consumer that stands still lets the others run ahead by the depth of its queue, and no further', async () => {
  const source = new Source(100);
  const [slow, fast] = broadcast(source, 2, 8);
  open(slow);
  const iterator = open(fast);
  const got: number[] = [];
  const reading = (async () => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
      got.push(next.value);
  })();
  await settled();
  expect(got).toHaveLength(8);
  expect(source.given).toBe(8);
  expect(await readAll(slow)).toHaveLength(100);
  await reading;
  expect(got).toHaveLength(100);
});

test('nothing is read ahead of all consumers together beyond the depth', async () => {
  const source = new Source(100);
  const branches = broadcast(source, 3, 4);
  for (const branch of branches) open(branch);
  await settled();
  expect(source.given).toBe(4);
});

test('a consumer that leaves does not stop the others, nor hold them back', async () => {
  const source = new Source(50);
  const [first, second] = broadcast(source, 2, 4);
  const leaving = open(first);
  expect(await leaving.next()).toEqual({ done: false, value: 1 });
  const reading = readAll(second);
  await settled();
  expect(source.given).toBeLessThan(50);
  await leaving.return?.();
  expect(await reading).toHaveLength(50);
  expect(await leaving.next()).toEqual({ done: true, value: undefined });
});

test('a consumer that leaves before it begins does not hold the others back', async () => {
  const [first, second] = broadcast(new Source(50), 2, 4);
  await open(first).return?.();
  expect(await readAll(second)).toHaveLength(50);
});

test('when the last consumer has left, the source is closed by the time that its leaving is done', async () => {
  const source = new Source(50);
  const [first, second] = broadcast(source, 2, 4);
  const iterators = [open(first), open(second)];
  await iterators[0]?.next();
  await iterators[0]?.return?.();
  expect(source.closed).toBe(false);
  await iterators[1]?.return?.();
  expect(source.closed).toBe(true);
  expect(source.given).toBeLessThanOrEqual(5);
});

test('a source that nobody ever reads is closed when all have left', async () => {
  let closed = false;
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false, value: 1 }),
      return: async () => {
        closed = true;
        return { done: true, value: undefined };
      },
    }),
  };
  for (const branch of broadcast(source, 3)) await open(branch).return?.();
  expect(closed).toBe(true);
});

test('an error of the source reaches every consumer, after the items before it', async () => {
  const failure = new Error('disk');
  const branches = broadcast(new Source(3, failure), 2);
  const outcomes = await Promise.all(
    branches.map(async (branch) => {
      const items: number[] = [];
      try {
        for await (const item of branch) items.push(item);
        return 'no error';
      } catch (error) {
        return { items, same: error === failure };
      }
    }),
  );
  expect(outcomes).toEqual([
    { items: [1, 2, 3], same: true },
    { items: [1, 2, 3], same: true },
  ]);
});

test('a consumer that is waiting ends when it leaves', async () => {
  const never: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
    }),
  };
  const [first] = broadcast(never, 2);
  const iterator = open(first);
  const waiting = iterator.next();
  await iterator.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
});
