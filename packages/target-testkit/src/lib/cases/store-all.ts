import { pattern } from '../bodies.ts';
import type { ConformanceContext } from '../conformance-case.ts';
import { forEachConcurrently, store } from '../reading.ts';

/** Stores a small object under each name, the last name first. Returns the keys in the order of the names. */
export async function storeAll(
  { target, key }: ConformanceContext,
  names: readonly string[],
): Promise<readonly string[]> {
  const bytes = pattern(3, 1);
  await forEachConcurrently([...names].toReversed(), 16, (name) => store(target, key(name), bytes));
  return names.map(key);
}
