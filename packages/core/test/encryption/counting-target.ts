import type { GetOptions, ObjectKey, ObjectRead } from '@quackup/target-api';
import { MemoryTarget } from '@quackup/target-testkit';

/** Counts the bytes of each object that are read. */
export class CountingTarget extends MemoryTarget {
  readonly #bytes = new Map<string, number>();

  bytesOf(key: string): number {
    return this.#bytes.get(key) ?? 0;
  }

  forget(): void {
    this.#bytes.clear();
  }

  override async get(key: ObjectKey, options?: GetOptions): Promise<ObjectRead> {
    const read = await super.get(key, options);
    const { start = 0, end = read.info.size } = options?.range ?? {};
    this.#bytes.set(key, this.bytesOf(key) + Math.min(end, read.info.size) - start);
    return read;
  }
}
