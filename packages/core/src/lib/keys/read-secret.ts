/** Gets a secret from where the configuration says that it is. No message repeats anything of it. */
import { open } from 'node:fs/promises';

import type { SecretSource } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { runKeyCommand } from './run-key-command.ts';

/** What getting a key may use of the outside. */
export interface KeyIo {
  readonly env: NodeJS.ProcessEnv;
  /**
   * Asks a person for something that is not shown while it is typed. Absent where there is nobody to ask.
   *
   * @param question Without a colon: `Passphrase for /etc/quackup/key.age`.
   */
  readonly ask?: (question: string) => Promise<string>;
  readonly signal?: AbortSignal;
}

/** Longest file or output that is read as a key: a hundred thousand keys. */
export const MAX_SECRET_BYTES: number = 1024 * 1024;

/**
 * The bytes of a secret, as they are.
 *
 * @param what For messages: `the secret key`.
 * @param place Where the configuration names the source: `FILE:LINE:COLUMN`.
 * @param cwd Absolute; where commands run.
 * @throws KEY_UNAVAILABLE if it cannot be had or is empty.
 */
export async function readSecret(
  source: SecretSource,
  what: string,
  place: string,
  cwd: string,
  io: KeyIo,
): Promise<Buffer> {
  const bytes = await read(source, what, place, cwd, io);
  if (bytes.length === 0) throw unavailable(place, `${what} is empty: ${describeSource(source)}`);
  return bytes;
}

async function read(
  source: SecretSource,
  what: string,
  place: string,
  cwd: string,
  { env, ask, signal }: KeyIo,
): Promise<Buffer> {
  if (source === 'prompt') {
    if (ask === undefined) {
      throw unavailable(place, `${what} would have to be asked for, and there is nobody to ask`, {
        hint: 'run it on a terminal, or name { file }, { env } or { command } instead of prompt',
      });
    }
    return Buffer.from(await ask(what.replace(/^the /, '').replace(/^./, (first) => first.toUpperCase())));
  }
  if ('env' in source) {
    const text = env[source.env];
    if (text !== undefined) return Buffer.from(text);
    throw unavailable(place, `${what} is not there: the environment variable ${source.env} is not set`);
  }
  if ('command' in source) {
    return runKeyCommand(source, what, place, { cwd, env, ...(signal && { signal }) });
  }
  return readSecretFile(source.file, what, place);
}

async function readSecretFile(path: string, what: string, place: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const bytes = Buffer.alloc(MAX_SECRET_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      ({ bytesRead: read } = await file.read(bytes, length));
    }
    if (length <= MAX_SECRET_BYTES) return bytes.subarray(0, length);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(place, `${what} cannot be read: ${message}`, { cause });
  }
  throw unavailable(place, `${path} has more than ${MAX_SECRET_BYTES} bytes: it holds no key`);
}

/**
 * A passphrase: the text of a secret without the line break at its end.
 *
 * @throws KEY_UNAVAILABLE if it cannot be had or is empty.
 */
export async function readPassphrase(
  source: SecretSource,
  what: string,
  place: string,
  cwd: string,
  io: KeyIo,
): Promise<string> {
  const bytes = await readSecret(source, what, place, cwd, io);
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  bytes.fill(0);
  if (text === '') throw unavailable(place, `${what} is empty: ${describeSource(source)}`);
  return text;
}

/** Where a secret comes from, in words. Arguments of a command may be secrets themselves and are left out. */
export function describeSource(source: SecretSource): string {
  if (source === 'prompt') return 'what was typed';
  if ('env' in source) return `the environment variable ${source.env}`;
  return 'file' in source ? source.file : `the output of ${source.command[0] ?? 'a command'}`;
}

/** @param hint Default: to look at what the configuration names. */
export function unavailable(
  place: string,
  message: string,
  {
    hint = 'see that what the configuration names there holds the key',
    cause,
  }: { hint?: string; cause?: unknown } = {},
): QuackupError {
  return new QuackupError('KEY_UNAVAILABLE', `${place}: ${message}`, {
    hint,
    ...(cause !== undefined && { cause }),
  });
}
