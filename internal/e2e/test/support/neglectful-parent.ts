import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { BIN } from './run-quackup.ts';

const LOOK_MS = 5;

/**
 * A process that has started the command line and does not wait for it, as the first process of many a container. What is
 * killed under it stays in the table of processes, dead and never collected. Linux.
 */
export class NeglectfulParent implements AsyncDisposable {
  readonly #parent: ChildProcess;

  constructor(cwd: string, args: readonly string[]) {
    const script = '"$@" & exec tail -f /dev/null';
    this.#parent = spawn('sh', ['-c', script, 'sh', process.execPath, BIN, ...args], {
      cwd,
      stdio: 'ignore',
    });
  }

  /** The number of the command line's process. */
  async child(): Promise<number> {
    const { pid } = this.#parent;
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(text.trim().split(' ')[0]);
  }

  /** The state of a process that has been killed, as /proc says it, once it no longer runs. */
  async stateOf(pid: number): Promise<string | undefined> {
    for (;;) {
      const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
      const state = text?.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
      if (state === undefined || state === 'Z') return state;
      await sleep(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#parent, 'close');
    this.#parent.kill('SIGKILL');
    await ended;
  }
}
