import type { S3Server, S3ServerOptions } from '@quackup/s3-server';
import { startS3Server } from '@quackup/s3-server';
import {
  isTargetError,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type TargetError,
} from '@quackup/target-api';

import { openS3Target, type S3Environment, type S3Options, type S3Target } from '../src/index.ts';

export const MIB: number = 1024 * 1024;
export const KEY: ObjectKey = objectKey('backup.tar');

/** Options that lead to the server's bucket `test`. */
export function optionsFor(server: S3Server, options: Partial<S3Options> = {}): S3Options {
  return {
    bucket: 'test',
    endpoint: server.endpoint,
    accessKeyId: 'testkey',
    secretAccessKey: 'testsecret',
    ...options,
  };
}

/** A server and a target on it, closed together at the end of the block. */
export interface Place extends AsyncDisposable {
  readonly server: S3Server;
  readonly target: S3Target;
}

export interface PlaceOptions {
  readonly server?: S3ServerOptions;
  readonly target?: Partial<S3Options>;
  readonly environment?: S3Environment;
}

/** Starts a server and opens a target on it: conditions `always`, parts of 5 MiB, and no long pauses. */
export async function openPlace({
  server: of,
  target: options,
  environment,
}: PlaceOptions = {}): Promise<Place> {
  const server = await startS3Server(of);
  const target = await openS3Target(
    optionsFor(server, { conditionalPuts: 'always', partSizeMiB: 5, ...options }),
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

/** A body in chunks of 1 MiB. */
export async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += MIB) yield bytes.subarray(start, start + MIB);
}

/** What an object holds. */
export async function readAll(target: S3Target, key: ObjectKey = KEY): Promise<Buffer> {
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
export function countsOf(server: S3Server): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { operation } of server.requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

/** Keys of a list, in its order. */
export async function keysOf(target: S3Target, options: ListOptions = {}): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of target.list(options)) keys.push(key);
  return keys;
}
