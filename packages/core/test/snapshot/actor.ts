import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface, type Interface } from 'node:readline';

const DUCKDB = createRequire(import.meta.url).resolve('@duckdb/node-api');

/** `begin` fetches the first rows of a result and keeps the rest waiting; `end` fetches them. */
const SCRIPT = `
  const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
  (async () => {
    const [path, options] = process.argv.slice(1);
    const instance = await DuckDBInstance.create(path, JSON.parse(options));
    const connection = await instance.connect();
    let pending;
    const does = {
      sql: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
      begin: async (sql) => {
        pending = await (await instance.connect()).stream(sql);
        await pending.fetchChunk();
      },
      end: async () => {
        while ((await pending.fetchChunk())?.rowCount > 0);
      },
    };
    console.log('{}');
    for await (const line of require('node:readline').createInterface({ input: process.stdin })) {
      const { what, sql } = JSON.parse(line);
      const said = await does[what](sql).then((rows) => ({ rows: rows ?? [] }), (error) => ({ error: error.message }));
      console.log(JSON.stringify(said));
    }
  })().catch((error) => { console.error(error.message); process.exit(1); });`;

type Answer = { readonly rows: unknown[][] } | { readonly error: string };

/** A process that has the database open and does what it is told, one thing after the other. */
export class Actor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#lines = lines;
  }

  /** @param options The engine's, such as `access_mode`. */
  static async open(path: string, options: Readonly<Record<string, string>> = {}): Promise<Actor> {
    const child = spawn(process.execPath, ['-e', SCRIPT, path, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    return new Actor(child, lines);
  }

  /** Runs statements one after another. @returns the rows of the last. @throws Error if one fails. */
  async sql(...statements: readonly string[]): Promise<unknown[][]> {
    let rows: unknown[][] = [];
    for (const sql of statements) rows = await this.#ask({ what: 'sql', sql });
    return rows;
  }

  /** A query whose first rows are fetched, on a connection of its own. */
  async beginQuery(sql: string): Promise<void> {
    await this.#ask({ what: 'begin', sql });
  }

  /** Fetches the rest of its rows: it holds nothing any more. */
  async endQuery(): Promise<void> {
    await this.#ask({ what: 'end' });
  }

  async #ask(request: unknown): Promise<unknown[][]> {
    const line = once(this.#lines, 'line');
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(String((await line)[0])) as Answer;
    if ('error' in answer) throw new Error(answer.error);
    return answer.rows;
  }

  /** Kills it. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await closed;
  }
}
