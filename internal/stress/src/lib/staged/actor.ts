import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type ActorAnswer, actorAnswer } from './actor-protocol.ts';

const SCRIPT = fileURLToPath(new URL('../../child/actor.ts', import.meta.url));

export interface ActorOptions {
  /** Entry of the engine's package. */
  readonly engine: string;
  /** Of a database that does not exist yet, bytes; absent: DuckDB's own. */
  readonly blockSize?: number | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A process that has a database open and does what it is told. */
export class Actor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #waiting = new Map<number, (answer: ActorAnswer) => void>();
  #last = 0;

  constructor(path: string, { engine, blockSize, env }: ActorOptions) {
    const size = blockSize === undefined ? [] : [String(blockSize)];
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', SCRIPT, engine, path, ...size],
      // Each statement that has not returned takes a thread of Node's pool.
      { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, UV_THREADPOOL_SIZE: '8', ...env } },
    );
    this.#exited = once(this.#child, 'exit');
    if (this.#child.stdout === null) throw new Error('no stdout');
    this.#child.stdin?.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const answer = actorAnswer.parse(JSON.parse(line));
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.on('exit', () => {
      for (const [id, tell] of this.#waiting) tell({ id, error: 'the process that opened it ended' });
      this.#waiting.clear();
    });
  }

  /**
   * Runs a statement.
   *
   * @param rowsWait Fetch the first rows of a query only, and the others before the next statement on this connection.
   * @returns its rows, as text; none if they wait.
   * @throws Error if it fails, or the process ends.
   */
  async sql(connection: string, sql: string, rowsWait = false): Promise<readonly (readonly string[])[]> {
    const answer = await new Promise<ActorAnswer>((resolve) => {
      this.#last += 1;
      const id = this.#last;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        resolve({ id, error: 'the process that opened it ended' });
        return;
      }
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, connection, sql, rowsWait })}\n`);
    });
    if ('error' in answer) throw new Error(answer.error);
    return answer.rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
