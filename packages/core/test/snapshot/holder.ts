import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const DUCKDB = createRequire(import.meta.url).resolve('@duckdb/node-api');

/** A process that has the database open and does nothing. */
export class Holder implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param statements What it does once, before it does nothing. */
  static async open(path: string, ...statements: readonly string[]): Promise<Holder> {
    return Holder.openWith(path, [], ...statements);
  }

  /** @param files What it opens besides, as files. */
  static async openWith(
    path: string,
    files: readonly string[],
    ...statements: readonly string[]
  ): Promise<Holder> {
    const script = `
      const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
      (async () => {
        globalThis.kept = await DuckDBInstance.create(process.argv[1]);
        const connection = await kept.connect();
        for (const sql of JSON.parse(process.argv[2])) await connection.run(sql);
        for (const file of JSON.parse(process.argv[3])) require('node:fs').openSync(file, 'a+');
        console.log('open');
      })();
      setInterval(() => {}, 1000);`;
    const child = spawn(
      process.execPath,
      ['-e', script, path, JSON.stringify(statements), JSON.stringify(files)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    return new Holder(child);
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Kills it. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
