import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { BIN } from '../support/run-quackup.ts';
import { ended } from './ended.ts';

export interface DaemonEvent {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly [fact: string]: unknown;
}

/** A real `quackup daemon --json`. */
export class DaemonProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #events: DaemonEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #read = 0;

  constructor(cwd: string, ...args: readonly string[]) {
    const child = spawn(process.execPath, [BIN, 'daemon', '--json', '--listen', '127.0.0.1:0', ...args], {
      cwd,
      env: { ...process.env, XDG_STATE_HOME: `${cwd}/state` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.on('data', (piece: Buffer) => (this.#stderr += piece.toString()));
    createInterface(child.stdout).on('line', (line) => {
      this.#events.push(JSON.parse(line) as DaemonEvent);
      this.#wake();
    });
    child.on('close', () => this.#wake());
  }

  /** The next event of this name; earlier ones of others are passed over. */
  async next(name: string): Promise<DaemonEvent> {
    for (;;) {
      const found = this.#events.findIndex(({ event }, index) => index >= this.#read && event === name);
      const event = this.#events[found];
      if (event !== undefined) {
        this.#read = found + 1;
        return event;
      }
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`it ended without "${name}": ${JSON.stringify(this.#events)}${this.#stderr}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its exit code, once it has ended. */
  async exitCode(): Promise<number | null> {
    await ended(this.#child);
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Only a test that has failed leaves one.
    this.#child.kill('SIGKILL');
    await ended(this.#child);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
