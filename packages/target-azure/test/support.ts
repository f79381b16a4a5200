import { randomUUID } from 'node:crypto';

import type { ContainerClient } from '@azure/storage-blob';
import {
  isTargetError,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type StorageTarget,
  type TargetError,
} from '@quackup/target-api';
import { afterAll, beforeAll } from 'vitest';

import { type AzureEnvironment, type AzureOptions, type AzureTarget, openAzureTarget } from '../src/index.ts';
import { ACCOUNT, ACCOUNT_KEY, type Azurite, startAzurite } from '@quackup/azurite-server';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

export const MIB: number = 1024 * 1024;
export const KEY: ObjectKey = objectKey('backup.tar');

/** One Azurite for the whole file: tests get containers of their own. */
export function sharedAzurite(): () => Azurite {
  let azurite: Azurite | undefined;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(async () => {
    await azurite?.[Symbol.asyncDispose]();
  });
  return () => {
    if (azurite === undefined) throw new Error('Azurite is not running');
    return azurite;
  };
}

/** A container with nothing in it, a proxy before it and a target behind the proxy, closed together. */
export interface Place extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly target: AzureTarget;
  /** Past the proxy. */
  readonly container: ContainerClient;
}

/** Opens a target with blocks of 1 MiB and no long pauses. */
export async function openPlace(
  azurite: Azurite,
  options: Partial<AzureOptions> = {},
  environment: AzureEnvironment = {},
): Promise<Place> {
  const name = `test-${randomUUID()}`;
  const container = azurite.container(name);
  await container.create();
  const proxy = await startFaultProxy(azurite.endpoint);
  const target = await openAzureTarget(
    {
      container: name,
      account: ACCOUNT,
      accountKey: ACCOUNT_KEY,
      endpoint: proxy.endpoint,
      blockSizeMiB: 1,
      ...options,
    },
    { retryMs: 1, ...environment },
  );
  return {
    proxy,
    target,
    container,
    [Symbol.asyncDispose]: async () => {
      await target.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** Bytes of which each 32-bit word is different. */
export function bytesOf(size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index += 1) words[index] = Math.imul(index + 1, 0x9e3779b1);
  return Buffer.from(words.buffer, 0, size);
}

/** A body in chunks of 300 KiB, so that they fit no block. */
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

/** How often the service was asked for each operation. */
export function countsOf({ requests }: FaultProxy): Readonly<Record<string, number>> {
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
