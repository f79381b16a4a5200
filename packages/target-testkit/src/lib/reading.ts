import type { ByteRange, ListOptions, ObjectInfo, ObjectKey, StorageTarget } from '@quackup/target-api';

import { bodyOf } from './bodies.ts';
import { check, checkBytes, checkEqual, checkRejects } from './check.ts';

/** Reads a stream of chunks to its end. */
export async function readAll(body: AsyncIterable<unknown>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) {
    check(chunk instanceof Uint8Array, 'body of get: expected chunks of bytes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads an object, or a range of it, to its end. */
export async function readObject(
  target: StorageTarget,
  key: ObjectKey,
  range?: ByteRange,
): Promise<Uint8Array> {
  const { body } = await target.get(key, range === undefined ? {} : { range });
  return readAll(body);
}

/** Stores `bytes` without any condition. */
export function store(target: StorageTarget, key: ObjectKey, bytes: Uint8Array): Promise<ObjectInfo> {
  return target.put(key, bodyOf(bytes));
}

/** Reads a list to its end. */
export async function listAll(target: StorageTarget, options: ListOptions): Promise<readonly ObjectInfo[]> {
  const infos: ObjectInfo[] = [];
  for await (const info of target.list(options)) infos.push(info);
  return infos;
}

/** Keys of a list, in its order. */
export async function listKeys(target: StorageTarget, options: ListOptions): Promise<readonly string[]> {
  return (await listAll(target, options)).map((info) => info.key);
}

/** Expects the object in all three views: stat, get and list. */
export async function checkStored(
  target: StorageTarget,
  key: ObjectKey,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  const info = await target.stat(key);
  checkEqual(info?.size, bytes.length, `${what}: size that stat tells`);
  checkBytes(await readObject(target, key), bytes, `${what}: content that get gives`);
  const listed = (await listAll(target, { prefix: key })).filter((entry) => entry.key === key);
  checkEqual(
    listed.map((entry) => entry.size),
    [bytes.length],
    `${what}: sizes that list tells`,
  );
}

/** Expects no object in all three views: stat, get and list. */
export async function checkAbsent(target: StorageTarget, key: ObjectKey, what: string): Promise<void> {
  checkEqual(await target.stat(key), undefined, `${what}: stat`);
  await checkRejects(target.get(key), 'NOT_FOUND', `${what}: get`);
  const keys = await listKeys(target, { prefix: key });
  check(!keys.includes(key), `${what}: expected list not to show it`);
}

/** Runs `work` on every item, `width` at a time. */
export async function forEachConcurrently<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += width) {
    await Promise.all(items.slice(start, start + width).map(work));
  }
}
