import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { QuackupError } from '@quackup/core';

export interface HookOptions {
  /** `before`, `after`, `onFailure`: for messages. */
  readonly name: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Between the request to end and the end by force, milliseconds. Default: 5,000. */
  readonly graceMs?: number;
  /** Ends the hook early. */
  readonly signal?: AbortSignal;
  /** Told of every line that it prints. */
  readonly onLine: (line: string) => void;
}

/** What a hook started and left behind may hold its output open; it is waited for so long, milliseconds. */
const OUTPUT_MS = 500;

/** More would fill the log with what is not about backups. */
const MAX_LINES = 200;
const MAX_LINE_LENGTH = 1_000;

/**
 * Runs a program without a shell, in a process group of its own, and waits for it.
 *
 * @throws HOOK_FAILED if it cannot be started, does not end with 0, or takes too long. In the last case it has been ended, with
 *   all that it started (on Windows: with the processes that descend from it).
 * @throws the reason of `signal`, likewise.
 */
export async function runHook(argv: readonly string[], options: HookOptions): Promise<void> {
  const { name, timeoutMs, graceMs = 5_000, signal } = options;
  const [program = '', ...args] = argv;
  signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that all of it can be ended.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const output = forwardLines([child.stdout, child.stderr], options.onLine);
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (exitCode, exitSignal) => resolve({ exitCode, exitSignal }));
  });
  const ending = await endOrStop(child, ended, { timeoutMs, graceMs, signal });
  await Promise.race([output, pause(OUTPUT_MS)]);
  child.stdout.destroy();
  child.stderr.destroy();
  if (ending === 'aborted') throw signal?.reason;
  const why = whyFailed(ending, timeoutMs);
  if (why === undefined) return;
  throw new QuackupError('HOOK_FAILED', `the hook "${name}" (${program}) ${why}`, {
    hint: `run ${program} by hand, and see its output in the log; see hooks.${name} in the configuration`,
  });
}

type Ending =
  | { readonly error: Error }
  | { readonly exitCode: number | null; readonly exitSignal: NodeJS.Signals | null };

async function endOrStop(
  child: ChildProcess,
  ended: Promise<Ending>,
  {
    timeoutMs,
    graceMs,
    signal,
  }: { readonly timeoutMs: number; readonly graceMs: number; readonly signal: AbortSignal | undefined },
): Promise<Ending | 'timeout' | 'aborted'> {
  const { promise: stopped, resolve } = Promise.withResolvers<'timeout' | 'aborted'>();
  const abort = (): void => resolve('aborted');
  const timer = setTimeout(() => resolve('timeout'), timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const first = await Promise.race([ended, stopped]);
    if (first !== 'timeout' && first !== 'aborted') return first;
    stopGroup(child, 'SIGTERM');
    await Promise.race([ended, pause(graceMs)]);
    // Also if it has ended: what it started may not have.
    stopGroup(child, 'SIGKILL');
    return first;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function stopGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' }).on('error', () =>
      child.kill(),
    );
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // All of it has ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function whyFailed(ending: Ending | 'timeout', timeoutMs: number): string | undefined {
  if (ending === 'timeout')
    return `did not end within ${timeoutMs / 1000} s and was ended, with all that it started`;
  if ('error' in ending) return `cannot be started: ${ending.error.message}`;
  if (ending.exitCode === 0) return undefined;
  return ending.exitSignal === null
    ? `ended with exit code ${ending.exitCode}`
    : `was ended by ${ending.exitSignal}`;
}

async function forwardLines(streams: readonly Readable[], onLine: (line: string) => void): Promise<void> {
  let count = 0;
  await Promise.all(
    streams.map(async (input) => {
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        count += 1;
        if (count <= MAX_LINES) onLine(line.slice(0, MAX_LINE_LENGTH));
        else if (count === MAX_LINES + 1) onLine('… (more is left out)');
      }
    }),
  );
}
