import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { objectKey } from '@quackup/target-api';
import { MemoryTarget } from '@quackup/target-testkit';

import type { NamedTarget } from '../../src/index.ts';

/** A body of one piece. */
export async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** A target in memory that holds these objects. */
export async function targetWith(
  objects: Iterable<readonly [string, Uint8Array]>,
): Promise<NamedTarget & { readonly target: MemoryTarget }> {
  const target = new MemoryTarget();
  for (const [key, bytes] of objects) await target.put(objectKey(key), onePiece(bytes));
  return { name: 'memory', target };
}

export const GOLDEN: string = join(import.meta.dirname, '../../golden/format-1');

/** A golden backup, on a target in memory. */
export async function storedIn(folder: string): Promise<NamedTarget & { readonly target: MemoryTarget }> {
  const keys = readdirSync(folder).filter((key) => key.startsWith('backup_'));
  return targetWith(keys.map((key) => [key, readFileSync(join(folder, key))] as const));
}
