import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('child/sql-session.ts', import.meta.url));

/** A process of its own that holds one database open at a time: see child/sql-session.ts. */
export class SqlSession implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('no output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns the rows of the last statement. @throws Error with DuckDB's message. */
  async run(path: string | null, ...statements: readonly string[]): Promise<readonly (readonly string[])[]> {
    this.#child.stdin?.write(`${JSON.stringify({ path, statements })}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('the process has ended');
    const answer = JSON.parse(value) as { rows?: readonly (readonly string[])[]; error?: string };
    if (answer.rows === undefined) throw new Error(answer.error);
    return answer.rows;
  }

  /** Closes the database that is open. */
  async close(): Promise<void> {
    await this.run(null);
  }

  /** One text for all that the tables hold, whatever the order of their rows. */
  async contentOf(path: string): Promise<string> {
    const tables = await this.run(
      path,
      "SELECT table_name FROM duckdb_tables() WHERE database_name = 'db' ORDER BY ALL",
    );
    const contents: string[] = [];
    for (const [table] of tables) {
      const sql = `SELECT count(*), coalesce(sum(hash(r)::HUGEINT), 0)::VARCHAR FROM "${table}" AS r`;
      contents.push(`${table}: ${(await this.run(path, sql)).join(' ')}`);
    }
    return contents.join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
  }
}
