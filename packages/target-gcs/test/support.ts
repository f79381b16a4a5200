import { type GcsServer, type GcsServerOptions, startGcsServer } from '@quackup/gcs-server';
import {
  isTargetError,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type StorageTarget,
  type TargetError,
} from '@quackup/target-api';

import { type GcsEnvironment, type GcsOptions, type GcsTarget, openGcsTarget } from '../src/index.ts';

export const MIB: number = 1024 * 1024;
export const KEY: ObjectKey = objectKey('backup.tar');

/** A server and a target on it, closed together at the end of the block. */
export interface Place extends AsyncDisposable {
  readonly server: GcsServer;
  readonly target: GcsTarget;
}

export interface PlaceOptions {
  readonly server?: GcsServerOptions;
  readonly target?: Partial<GcsOptions>;
  readonly environment?: GcsEnvironment;
}

/** Starts a server and opens a target on it with chunks of 1 MiB and no long pauses. */
export async function openPlace({
  server: of,
  target: options,
  environment,
}: PlaceOptions = {}): Promise<Place> {
  const server = await startGcsServer(of);
  const target = await openGcsTarget(
    { bucket: 'test', endpoint: server.endpoint, chunkSizeMiB: 1, ...options },
    { retryMs: 1, ...environment },
  );
  return {
    server,
    target,
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await server.close();
    },
  };
}

/** Bytes of which each 32-bit word is different. */
export function bytesOf(size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index += 1) words[index] = Math.imul(index + 1, 0x9e3779b1);
  return Buffer.from(words.buffer, 0, size);
}

/** A body in chunks of 300 KiB, so that they fit no chunk of an upload. */
export async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 307_200) yield bytes.subarray(start, start + 307_200);
}

/** What an object holds. */
export async function readAll(target: StorageTarget, key: ObjectKey = KEY): Promise<Buffer> {
  const { body } = await target.get(key);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error that a call rejects with. */
export async function errorOf(call: Promise<unknown>): Promise<TargetError> {
  try {
    await call;
  } catch (error) {
    if (isTargetError(error)) return error;
    throw error;
  }
  throw new Error('expected a rejection');
}

/** How often the server was asked for each operation. */
export function countsOf({ requests }: GcsServer): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { operation } of requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

/** Keys of a list, in its order. */
export async function keysOf(target: StorageTarget, options: ListOptions = {}): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of target.list(options)) keys.push(key);
  return keys;
}
