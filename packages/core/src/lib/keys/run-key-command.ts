import { spawn } from 'node:child_process';

import type { SecretSource } from '../config/index.ts';
import { MAX_SECRET_BYTES, unavailable } from './read-secret.ts';

type Command = Extract<SecretSource, { readonly command: readonly string[] }>;

const DEFAULT_TIMEOUT_MS = 60_000;

export interface KeyCommandOptions {
  /** Absolute. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * Runs the program that prints a secret: without a shell, with nothing on its stdin; what it says on stderr goes to ours, since
 * it may have to tell somebody what to confirm.
 *
 * @returns what it printed.
 * @throws KEY_UNAVAILABLE if it cannot be started, fails, prints more than 1 MiB, or is not done in time: it is killed then.
 */
export async function runKeyCommand(
  { command, timeoutMs = DEFAULT_TIMEOUT_MS }: Command,
  what: string,
  place: string,
  { cwd, env, signal }: KeyCommandOptions,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const [program = '', ...args] = command;
  const timeout = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'], windowsHide: true });
  const parts: Buffer[] = [];
  let length = 0;
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // Not `close`: a program that leaves another one behind, which holds its output open, is done all the same.
    child.once('exit', (code, killedBy) => {
      resolve(code === 0 ? undefined : `it ended with ${killedBy ?? `exit code ${code}`}`);
    });
  });
  const kill = (): void => {
    child.kill('SIGKILL');
    child.stdout.destroy();
  };
  stop.addEventListener('abort', kill, { once: true });
  try {
    const drained = new Promise<void>((resolve) => {
      child.stdout.once('close', resolve);
    });
    child.stdout.on('data', (bytes: Buffer) => {
      length += bytes.length;
      if (length <= MAX_SECRET_BYTES) parts.push(bytes);
      else kill();
    });
    const [problem] = await Promise.all([ended, drained]);
    signal?.throwIfAborted();
    if (timeout.aborted) throw unavailable(place, `${program} did not give ${what} in ${timeoutMs / 1000} s`);
    if (length > MAX_SECRET_BYTES) {
      throw unavailable(place, `${program} printed more than ${MAX_SECRET_BYTES} bytes: that is no key`);
    }
    if (problem !== undefined) throw unavailable(place, `${program} did not give ${what}: ${problem}`);
    return Buffer.concat(parts);
  } finally {
    stop.removeEventListener('abort', kill);
    for (const part of parts) part.fill(0);
  }
}
