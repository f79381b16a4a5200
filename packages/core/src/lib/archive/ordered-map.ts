/**
 * Maps the items of `source` with up to `limit` calls of `work` at once and yields the results in the order of the
 * items. At most `limit` items are held at any time, which is what bounds memory.
 *
 * The first failure, of the source or of the work, ends the sequence; work that has begun is awaited first, so that
 * nothing runs on behind the caller's back. The source is closed in every case.
 */
export async function* orderedMap<Item, Result>(
  source: AsyncIterable<Item> | Iterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  try {
    for await (const item of source) {
      const result = work(item);
      // Awaited later; until then a rejection must not count as unhandled.
      result.catch(() => {});
      running.push(result);
      if (running.length >= limit) yield await (running.shift() as Promise<Result>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(running);
  }
}
