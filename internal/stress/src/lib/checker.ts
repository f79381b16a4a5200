import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type CheckAnswer, checkAnswer } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/checker.ts', import.meta.url));
const LIMIT_MS = 120_000;

interface Running {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

/**
 * Checks copies in child processes, which are started again when a copy has ended them. One for each engine: two versions
 * of a native library with one name do not load side by side, the second one gets the first.
 */
export class Checker implements AsyncDisposable {
  readonly #running = new Map<string, Running>();

  async check(request: {
    readonly path: string;
    readonly engine: string;
    readonly connections: number;
    readonly indexes: boolean;
  }): Promise<CheckAnswer> {
    const running = this.#running.get(request.engine) ?? start();
    this.#running.set(request.engine, running);
    const { child, lines } = running;
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
      this.#running.delete(request.engine);
      child.kill('SIGKILL');
      return { last: [], wrong: [(error as Error).message] };
    } finally {
      clearTimeout(timer);
      ended.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#running.values()) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    this.#running.clear();
  }
}

function start(): Running {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (child.stdout === null) throw new Error('no stdout');
  child.stdin?.on('error', () => undefined);
  return { child, lines: createInterface({ input: child.stdout }) };
}
