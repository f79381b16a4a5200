import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { WriterRequest } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/writer.ts', import.meta.url));

/** A process that writes, and what it has said: how far each connection has begun, and how far it has been acknowledged. */
export class WriterProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** The process is gone, and everything that it said has been read. */
  readonly #closed: Promise<unknown>;
  readonly #begun: number[];
  readonly #acknowledged: number[];
  #errors = '';

  private constructor(request: WriterRequest, from: WriterProcess | undefined) {
    const zeros = Array<number>(request.connections).fill(0);
    this.#begun = [...(from?.begun ?? zeros)];
    this.#acknowledged = [...(from?.acknowledged ?? zeros)];
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', SCRIPT, JSON.stringify(request)],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#closed = once(this.#child, 'close');
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
  }

  /**
   * Starts a writer and waits until every connection has committed.
   *
   * @param from The one before it on the same database, which has ended.
   * @throws Error if it ends before.
   */
  static async start(request: WriterRequest, from?: WriterProcess): Promise<WriterProcess> {
    const writer = new WriterProcess(request, from);
    const { stdout } = writer.#child;
    if (stdout === null) throw new Error('no stdout');
    const waiting = new Set(writer.#acknowledged.keys());
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: stdout }).on('line', (line) => {
        const [word, k = '0', n = '0'] = line.split(' ');
        if (word === 'begin') writer.#begun[Number(k)] = Number(n);
        if (word === 'commit') {
          writer.#acknowledged[Number(k)] = Number(n);
          waiting.delete(Number(k));
        }
        if (waiting.size === 0) resolve();
      });
      void writer.#closed.then(() => reject(new Error(`the writer ended: ${writer.#errors.trim()}`)));
    });
    return writer;
  }

  /** Last commit of each connection that had returned by now. */
  get acknowledged(): readonly number[] {
    return [...this.#acknowledged];
  }

  /** Last commit of each connection that had been begun by now. */
  get begun(): readonly number[] {
    return [...this.#begun];
  }

  /** @throws Error if it has ended by itself. */
  checkAlive(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the writer ended by itself: ${this.#errors.trim()}`);
  }

  /** SIGKILL, in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** Lets it finish what it does and close the database, which folds the WAL in. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
