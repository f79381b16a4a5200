import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type CheckAnswer, checkAnswer } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/checker.ts', import.meta.url));
const LIMIT_MS = 120_000;

/** Checks copies in a child process, which is started again when a copy has ended it. */
export class Checker implements AsyncDisposable {
  #running: { readonly child: ChildProcess; readonly lines: Interface } | undefined;

  async check(request: {
    readonly path: string;
    readonly engine: string;
    readonly connections: number;
    readonly indexes: boolean;
  }): Promise<CheckAnswer> {
    const { child, lines } = (this.#running ??= start());
    const ended = new AbortController();
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    try {
      const answer = Promise.race([
        once(lines, 'line', { signal: ended.signal }).then(([line]) => String(line)),
        once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
          throw new Error(`the process that opened it ended with ${String(signal ?? code)}`);
        }),
      ]);
      child.stdin?.write(`${JSON.stringify(request)}\n`);
      return checkAnswer.parse(JSON.parse(await answer));
    } catch (error) {
      this.#running = undefined;
      child.kill('SIGKILL');
      return { last: [], wrong: [(error as Error).message] };
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const exited = once(running.child, 'exit');
    running.child.kill('SIGKILL');
    await exited;
  }
}

function start(): { readonly child: ChildProcess; readonly lines: Interface } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (child.stdout === null) throw new Error('no stdout');
  child.stdin?.on('error', () => undefined);
  return { child, lines: createInterface({ input: child.stdout }) };
}
