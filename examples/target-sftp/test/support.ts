import { type Sshd, type SshdOptions, startSshd, whyNoSshd } from '@quackup/sshd-server';
import {
  isTargetError,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type StorageTarget,
  type TargetError,
} from '@quackup/target-api';
import { afterAll, beforeAll } from 'vitest';

import { type SftpOptions, SftpTarget } from '../src/index.ts';

export const KEY: ObjectKey = objectKey('backup.tar');
export const MIB: number = 1024 * 1024;

/** Why these tests cannot run here; undefined if they can. */
export const noSshd: string | undefined = whyNoSshd();

/** One server for the whole file: tests get folders of their own. */
export function sharedSshd(options: SshdOptions = {}): () => Sshd {
  let sshd: Sshd | undefined;
  beforeAll(async () => {
    if (noSshd === undefined) sshd = await startSshd(options);
  });
  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]();
  });
  return () => {
    if (sshd === undefined) throw new Error('the server is not running');
    return sshd;
  };
}

/** Options that lead to the folder `name` of the server. */
export function optionsFor(sshd: Sshd, name: string, more: Partial<SftpOptions> = {}): SftpOptions {
  const { host, port, username, hostKey, privateKey, folder } = sshd;
  return { host, port, username, hostKey, privateKey, path: `${folder}/${name}`, ...more };
}

export const open = (sshd: Sshd, name: string, more: Partial<SftpOptions> = {}): Promise<SftpTarget> =>
  SftpTarget.open(optionsFor(sshd, name, more));

/** A body of `size` bytes in chunks of 300 KiB, so that they fit no block. */
export async function* bodyOf(size: number, fill = 7): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= 307_200) yield new Uint8Array(Math.min(left, 307_200)).fill(fill);
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

/** Keys of a list, in its order. */
export async function keysOf(target: StorageTarget, options: ListOptions = {}): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of target.list(options)) keys.push(key);
  return keys;
}
