import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type CheckAnswer, checkAnswer, type CheckRequest } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/checker.ts', import.meta.url));
const LIMIT_MS = 120_000;

/** Checks copies in child processes, one for each engine. */
export class Checker implements AsyncDisposable {
  readonly #running = new Map<string, RunningChecker>();

  async check(request: CheckRequest): Promise<CheckAnswer> {
    const running = this.#running.get(request.engine) ?? start();
    this.#running.set(request.engine, running);
    const answer = await ask(running, request);
    if (answer.wrong.length > 0) {
      // DuckDB's heap may be broken after a damaged file: the next copy gets a process of its own.
      this.#running.delete(request.engine);
      await end(running);
    }
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running.values()) await end(running);
    this.#running.clear();
  }
}

interface RunningChecker {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

async function ask({ child, lines }: RunningChecker, request: CheckRequest): Promise<CheckAnswer> {
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
    return { last: [], wrong: [{ kind: 'crash', what: (error as Error).message }] };
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

function start(): RunningChecker {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (child.stdout === null) throw new Error('no stdout');
  child.stdin?.on('error', () => undefined);
  return { child, lines: createInterface({ input: child.stdout }) };
}

async function end({ child }: RunningChecker): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
