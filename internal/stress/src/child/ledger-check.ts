/** Looks whether what a connection has written is one committed state, by the rules in `../lib/ledger.ts`. */
import {
  ACCOUNTS,
  accounts,
  COLUMN_SUM,
  commits,
  digest,
  link,
  LOAD_S,
  LOAD_V,
  loads,
  made,
  MADE_ROWS,
  PAD_NUMBER,
  padOf,
  seen,
} from '../lib/ledger.ts';
import type { Flaw } from '../lib/protocol.ts';
import { type Connection, numbers } from './database.ts';

/** Accounts, and rows of loads, that are looked up by index. */
const LOOKED_UP = Array.from({ length: 25 }, (_, place) => (place * 41) % ACCOUNTS);

export class LedgerCheck {
  readonly #connection: Connection;
  readonly #k: number;
  readonly wrong: Flaw[] = [];
  /** The last commit that is there. */
  last = 0;

  constructor(connection: Connection, k: number) {
    this.#connection = connection;
    this.#k = k;
  }

  async run(indexes: boolean): Promise<void> {
    await this.#checkAccounts();
    const table = await this.#checkCommits();
    await this.#checkMade(table, indexes);
    if (indexes) await this.#checkIndexes();
  }

  async #checkAccounts(): Promise<void> {
    const [count = 0, balance = 0, columns = 0, pads = 0] = await this.#numbers(
      `SELECT count(*), sum(balance), sum(a + b + c), count(*) FILTER (pad = ${padOf(PAD_NUMBER)}) FROM ${accounts(this.#k)}`,
    );
    this.#expect('accounts', count, ACCOUNTS);
    this.#expect('balance', balance, 0);
    this.#expect('columns', columns, COLUMN_SUM);
    this.#expect('whole pads', pads, ACCOUNTS);
  }

  /** Returns the number of the table that DDL made last. */
  async #checkCommits(): Promise<number> {
    const rows = (
      await this.#connection.runAndReadAll(
        `SELECT n, rows, total, revised, made, digest, chain FROM ${commits(this.#k)} ORDER BY n`,
      )
    ).getRows();
    let chain = 0;
    let said = { rows: 0, total: 0, revised: 0, made: 0, digest: 0 };
    for (const [place, row] of rows.entries()) {
      const [n = 0, count = 0, total = 0, revised = 0, table = 0, sum = 0, linked = 0] = row.map(Number);
      said = { rows: count, total, revised, made: table, digest: sum };
      chain = link(chain, said);
      if (n !== place + 1 || linked !== chain) {
        this.#flaw('wrong content', `row ${place + 1} of commits: ${n}, chain ${linked} instead of ${chain}`);
        break;
      }
    }
    this.last = rows.length;
    if (rows.length === 0) return 0;
    const [count = 0, total = 0, revised = 0, whole = 0] = await this.#numbers(
      `SELECT count(*), coalesce(sum(i), 0), coalesce(sum(u), 0), count(*) FILTER (v = ${LOAD_V} AND s = ${LOAD_S}) FROM ${loads(this.#k)}`,
    );
    const [sum = 0] = await this.#numbers(digest(this.#k));
    this.#expect('loaded rows', count, said.rows);
    this.#expect('their sum', total, said.total);
    this.#expect('their revisions', revised, said.revised);
    this.#expect('whole rows', whole, said.rows);
    this.#expect('digest', sum, said.digest);
    return said.made;
  }

  async #checkMade(table: number, indexes: boolean): Promise<void> {
    const [tables = 0] = await this.#numbers(
      `SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'made~_${this.#k}~_%' ESCAPE '~'`,
    );
    const [views = 0] = await this.#numbers(
      `SELECT count(*) FROM duckdb_views() WHERE view_name LIKE 'seen~_${this.#k}~_%' ESCAPE '~'`,
    );
    this.#expect('made tables', tables, Math.min(table, 1));
    this.#expect('their views', views, Math.min(table, 1));
    if (table === 0) return;
    const [rows = 0, total = 0] = await this.#numbers(
      `SELECT count(s), sum(i) FROM ${seen(this.#k, table)}`,
    );
    this.#expect('made rows', rows, MADE_ROWS);
    this.#expect('sum of made rows', total, (MADE_ROWS * (MADE_ROWS - 1)) / 2);
    if (!indexes) return;
    const [found = 0] = await this.#numbers(`SELECT count(*) FROM ${made(this.#k, table)} WHERE i = 1500`);
    this.#expect('made rows by index', found, 1, 'wrong index');
  }

  async #checkIndexes(): Promise<void> {
    for (const id of LOOKED_UP) {
      for (const [table, column, value] of [
        [accounts(this.#k), 'id', `sum(${PAD_NUMBER})`],
        [loads(this.#k), 'i', 'sum(n)'],
      ]) {
        const look = async (where: string): Promise<string> =>
          (await this.#numbers(`SELECT count(*), ${value} FROM ${table} WHERE ${where}`)).join();
        const byIndex = await look(`${column} = ${id}`);
        const byScan = await look(`${column} + 0 = ${id}`);
        if (byIndex !== byScan)
          this.#flaw('wrong index', `${table} ${id}: ${byIndex} by index, ${byScan} by scan`);
      }
    }
    // The key must know every row: a second one of the same id is refused.
    const taken = await this.#connection
      .run(`INSERT INTO ${accounts(this.#k)} (id) VALUES (${ACCOUNTS - 1})`)
      .then(() => true, () => false);
    if (taken) this.#flaw('wrong index', `the key of ${accounts(this.#k)} does not know ${ACCOUNTS - 1}`);
  }

  #numbers(sql: string): Promise<number[]> {
    return numbers(this.#connection, sql);
  }

  #expect(what: string, actual: number, expected: number, kind: Flaw['kind'] = 'wrong content'): void {
    if (actual !== expected) this.#flaw(kind, `${what}: ${actual} instead of ${expected}`);
  }

  #flaw(kind: Flaw['kind'], what: string): void {
    this.wrong.push({ kind, what: `connection ${this.#k}, ${what}` });
  }
}
