import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { WriterRequest } from './protocol.ts';

const SCRIPT = fileURLToPath(new URL('../child/writer.ts', import.meta.url));

interface SlowDisk {
  /** Of the library. */
  readonly path: string;
  readonly syncMs: number;
  readonly syncEnding?: string | undefined;
  readonly writeMs?: number | undefined;
}

interface StartOptions {
  /** The writer before it on the same database. */
  readonly from?: WriterProcess | undefined;
  /** Makes its disk slower: see slow-disk.ts. */
  readonly preload?: SlowDisk | undefined;
}

/** A process that writes, and what it has said: how far each connection has begun, and how far it has been acknowledged. */
export class WriterProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #begun: number[];
  readonly #acknowledged: number[];
  #errors = '';

  private constructor(request: WriterRequest, { from, preload }: StartOptions) {
    this.#begun = from === undefined ? Array<number>(request.connections).fill(0) : [...from.#begun];
    this.#acknowledged =
      from === undefined ? Array<number>(request.connections).fill(0) : [...from.#acknowledged];
    this.#child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', SCRIPT, JSON.stringify(request)],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: {
          ...process.env,
          ...(preload !== undefined && { LD_PRELOAD: preload.path, SLOW_SYNC_MS: String(preload.syncMs) }),
          ...(preload?.syncEnding !== undefined && { SLOW_SYNC_ENDING: preload.syncEnding }),
          ...(preload?.writeMs !== undefined && { SLOW_WRITE_MS: String(preload.writeMs) }),
        },
      },
    );
    this.#exited = once(this.#child, 'exit');
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
  }

  /** Starts a writer and waits until every connection has committed. */
  static async start(request: WriterRequest, options: StartOptions = {}): Promise<WriterProcess> {
    const writer = new WriterProcess(request, options);
    const before = [...writer.#acknowledged];
    await new Promise<void>((resolve, reject) => {
      if (writer.#child.stdout === null) throw new Error('no stdout');
      createInterface({ input: writer.#child.stdout }).on('line', (line) => {
        const [word, k = '0', n = '0'] = line.split(' ');
        if (word === 'begin') writer.#begun[Number(k)] = Number(n);
        if (word === 'commit') writer.#acknowledged[Number(k)] = Number(n);
        if (writer.#acknowledged.every((each, place) => each > (before[place] ?? 0))) resolve();
      });
      void writer.#exited.then(() => reject(new Error(`the writer ended: ${writer.#errors.trim()}`)));
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

  /** Everything that it had said when this was called has been taken note of when it resolves. */
  async heard(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Stops it where it is. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
