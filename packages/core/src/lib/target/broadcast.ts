/**
 * One source read by several consumers at the pace of the slowest. Items are shared, not copied: together the consumers
 * hold at most `depth + 1` of them, so no consumer makes the others gather more. A consumer that stops early (`return()`)
 * no longer counts; when none is left the source is closed, and the last `return()` resolves when it is. An error of the
 * source reaches all of them.
 */
export function broadcast<Item>(
  source: AsyncIterable<Item>,
  consumers: number,
  depth = 8,
): AsyncIterable<Item>[] {
  const iterator = source[Symbol.asyncIterator]();
  let pumping: Promise<void> | undefined;
  const branches: Branch<Item>[] = Array.from(
    { length: consumers },
    () =>
      new Branch<Item>(async () => {
        if (branches.every(({ open }) => !open)) await (pumping ??= pump());
      }),
  );

  async function pump(): Promise<void> {
    try {
      for (;;) {
        await Promise.all(branches.map((branch) => branch.room(depth)));
        if (branches.every(({ open }) => !open)) {
          await iterator.return?.();
          return;
        }
        const next = await iterator.next();
        if (next.done === true) break;
        for (const branch of branches) branch.push(next.value);
      }
      for (const branch of branches) branch.end();
    } catch (error) {
      for (const branch of branches) branch.fail(error);
    }
  }

  return branches.map((branch) => ({
    [Symbol.asyncIterator](): AsyncIterator<Item> {
      if (branch.open) pumping ??= pump();
      return branch;
    },
  }));
}

/** One consumer's queue. */
class Branch<Item> implements AsyncIterator<Item, undefined> {
  open = true;
  readonly #queue: Item[] = [];
  readonly #onClose: () => Promise<void>;
  #end: { readonly error?: unknown } | undefined;
  #onItem: (() => void) | undefined;
  #onRoom: (() => void) | undefined;

  constructor(onClose: () => Promise<void>) {
    this.#onClose = onClose;
  }

  push(item: Item): void {
    if (!this.open) return;
    this.#queue.push(item);
    this.#onItem?.();
  }

  end(): void {
    this.#end ??= {};
    this.#onItem?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#onItem?.();
  }

  /** Resolves when fewer than `depth` items wait, or the consumer is gone. */
  async room(depth: number): Promise<void> {
    while (this.open && this.#queue.length >= depth) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    while (this.#queue.length === 0) {
      if (!this.open) return { done: true, value: undefined };
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#onItem = resolve;
      });
    }
    const item = this.#queue.shift() as Item;
    this.#onRoom?.();
    return { done: false, value: item };
  }

  async return(): Promise<IteratorResult<Item, undefined>> {
    this.open = false;
    this.#queue.length = 0;
    this.#onRoom?.();
    this.#onItem?.();
    await this.#onClose();
    return { done: true, value: undefined };
  }
}
