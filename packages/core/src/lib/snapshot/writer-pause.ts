import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findLockHolders } from './lock-holders.ts';
import { processStart } from '../process/process-identity.ts';

const GUARD = fileURLToPath(
  new URL(`./pause-guard-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/**
 * Stops the process that writes a database for a few milliseconds (SIGSTOP, SIGCONT). A guard process does it, so that the
 * writer goes on after `capMs` at the latest, and at once if this process ends in any way.
 */
export class WriterPause implements AsyncDisposable {
  /** The process that is stopped. */
  readonly pid: number;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  #ended = false;
  #stoppedAtMs: number | undefined;
  /** Longest time that the writer was stopped so far, milliseconds. */
  longestMs = 0;

  private constructor(pid: number, child: ChildProcessWithoutNullStreams) {
    this.pid = pid;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    child.stdin.on('error', () => undefined);
    child.once('error', () => {
      this.#ended = true;
    });
    child.once('close', () => {
      this.#ended = true;
      // Killed from outside while it held the writer: then this process is the last that can let it go.
      if (this.#stoppedAtMs !== undefined) goOn(this.pid);
    });
  }

  /**
   * Starts the guard; stops nothing yet.
   *
   * @returns undefined if there is no such process, or it is this one.
   */
  static async prepare(pid: number, capMs: number): Promise<WriterPause | undefined> {
    const start = await processStart(pid);
    if (start === undefined || pid === process.pid || pid <= 1) return undefined;
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', GUARD, String(pid), String(start), String(capMs)],
      { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
    );
    return new WriterPause(pid, child);
  }

  /** Process id of the guard; -1 if it could not be started. */
  get guardPid(): number {
    return this.#child.pid ?? -1;
  }

  /** @returns whether all threads of the writer stand still now. They go on at the cap, so what is read must be judged. */
  async stop(): Promise<boolean> {
    this.#stoppedAtMs = performance.now();
    if ((await this.#ask('stop')) === 'stopped') return true;
    this.#stoppedAtMs = undefined;
    return false;
  }

  /** Lets the writer go on. May be called if it is not stopped. */
  async goOn(): Promise<void> {
    if (this.#stoppedAtMs === undefined) return;
    const answer = await this.#ask('go');
    if (answer !== 'running') goOn(this.pid);
    this.longestMs = Math.max(this.longestMs, performance.now() - this.#stoppedAtMs);
    this.#stoppedAtMs = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.goOn();
    this.#child.stdin.end();
    if (!this.#ended) await once(this.#child, 'close');
  }

  async #ask(word: string): Promise<string | undefined> {
    if (this.#ended) return undefined;
    const answer = Promise.race([
      once(this.#lines, 'line').then(([line]) => String(line)),
      once(this.#child, 'close').then(() => undefined),
    ]);
    this.#child.stdin.write(`${word}\n`);
    return answer;
  }
}

function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended meanwhile.
  }
}

/** The one process that has `path` open; undefined if nobody has, if there are several, or if it cannot be known. */
export async function soleHolder(path: string): Promise<number | undefined> {
  const holders = await findLockHolders(path);
  const [holder, ...others] = holders === 'unknown' ? [] : holders;
  return others.length > 0 ? undefined : holder?.pid;
}
