/** One connection's work: what `../lib/ledger.ts` describes, changed by one commit after another. */
import {
  ACCOUNTS,
  accounts,
  commits,
  digest,
  link,
  LOAD_S,
  LOAD_V,
  loads,
  made,
  MADE_ROWS,
  padOf,
  seen,
} from '../lib/ledger.ts';
import type { WriterRequest } from '../lib/protocol.ts';
import { Random } from '../lib/random.ts';
import type { Mix } from '../lib/scenarios.ts';
import { type Connection, numbers } from './database.ts';

/** Loads that are kept: the database stays about as large as it is. */
const KEPT_LOADS = 4;

interface Load {
  readonly n: number;
  readonly rows: number;
  /** Sum of its `u`. */
  readonly revised: number;
}

/** What the last commit left, and what is in the tables for the next one. */
interface LedgerState {
  readonly n: number;
  readonly chain: number;
  readonly made: number;
  /** Oldest first. */
  readonly loads: readonly Load[];
}

export class LedgerWriter {
  readonly #k: number;
  readonly #request: WriterRequest;
  readonly #connection: Connection;
  readonly #random: Random;
  readonly #say: (word: 'begin' | 'commit', n: number) => void;
  #state: LedgerState = { n: 0, chain: 0, made: 0, loads: [] };

  constructor(
    k: number,
    request: WriterRequest,
    connection: Connection,
    say: (word: 'begin' | 'commit', n: number) => void,
  ) {
    this.#k = k;
    this.#request = request;
    this.#connection = connection;
    this.#random = new Random(request.seed + k * 7919);
    this.#say = say;
  }

  async prepare(): Promise<void> {
    const k = this.#k;
    const { indexes } = this.#request;
    const key = indexes ? 'PRIMARY KEY' : '';
    await this.#run(
      'BEGIN',
      `CREATE TABLE IF NOT EXISTS ${accounts(k)} (id INTEGER ${key}, balance BIGINT, a BIGINT, b BIGINT, c BIGINT, pad VARCHAR)`,
      `CREATE TABLE IF NOT EXISTS ${loads(k)} (n INTEGER, i INTEGER, v DOUBLE, s VARCHAR, u INTEGER)`,
      `CREATE TABLE IF NOT EXISTS ${commits(k)} (n INTEGER, rows BIGINT, total BIGINT, revised BIGINT, made INTEGER, digest BIGINT, chain BIGINT)`,
    );
    const [found = 0] = await numbers(this.#connection, `SELECT count(*) FROM ${accounts(k)}`);
    if (found === 0) {
      await this.#run(
        `INSERT INTO ${accounts(k)} SELECT range, 0, range, range + 1, range + 2, ${padOf('0')} FROM range(${ACCOUNTS})`,
      );
      if (indexes) await this.#run(`CREATE INDEX by_i_${k} ON ${loads(k)} (i)`);
    }
    await this.#run('COMMIT');
    await this.#resume();
  }

  async #resume(): Promise<void> {
    const [n = 0, table = 0, chain = 0] = await numbers(
      this.#connection,
      `SELECT n, made, chain FROM ${commits(this.#k)} ORDER BY n DESC LIMIT 1`,
    );
    const rows = (
      await this.#connection.runAndReadAll(
        `SELECT n, count(*), sum(u) FROM ${loads(this.#k)} GROUP BY n ORDER BY n`,
      )
    ).getRows();
    const found = rows.map(([load, count, revised]) => ({
      n: Number(load),
      rows: Number(count),
      revised: Number(revised),
    }));
    this.#state = { n, chain, made: table, loads: found };
  }

  async commitOne(): Promise<void> {
    const kind = this.#choose();
    if (kind === 'checkpoint') {
      // Refused while another connection writes; that is part of the life of a database.
      await this.#connection.run('CHECKPOINT').catch(() => undefined);
      return;
    }
    const before = this.#state;
    const n = before.n + 1;
    try {
      await this.#run('BEGIN');
      await this.#work(kind === 'rollback' ? this.#random.pick(['load', 'update', 'rotate']) : kind, n);
      await this.#writeCommitRow(n);
      if (kind !== 'rollback') {
        this.#say('begin', n);
        await this.#run('COMMIT');
        this.#say('commit', n);
        return;
      }
      await this.#run('ROLLBACK');
    } catch (error) {
      // A conflict with another connection's DDL; anything else comes up again at the next statement.
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      if (!/onflict|TransactionContext/.test((error as Error).message)) throw error;
    }
    this.#state = before;
  }

  async #writeCommitRow(n: number): Promise<void> {
    const { loads: found, made: table, chain } = this.#state;
    const [sum = 0] = await numbers(this.#connection, digest(this.#k));
    const row = {
      rows: found.reduce((total, { rows }) => total + rows, 0),
      total: found.reduce((total, { rows }) => total + (rows * (rows - 1)) / 2, 0),
      revised: found.reduce((total, { revised }) => total + revised, 0),
      made: table,
      digest: sum,
    };
    const linked = link(chain, row);
    await this.#run(
      `INSERT INTO ${commits(this.#k)} VALUES (${n}, ${row.rows}, ${row.total}, ${row.revised}, ${row.made}, ${row.digest}, ${linked})`,
    );
    this.#state = { ...this.#state, n, chain: linked };
  }

  #choose(): keyof Mix {
    const entries = Object.entries(this.#request.mix) as [keyof Mix, number][];
    let left = this.#random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of entries) {
      left -= weight;
      if (left < 0) return kind;
    }
    return 'transfer';
  }

  async #work(kind: keyof Mix, n: number): Promise<void> {
    const table = accounts(this.#k);
    const from = this.#random.below(ACCOUNTS);
    const span = `id BETWEEN ${from} AND ${from + this.#random.below(300)}`;
    if (kind === 'transfer') {
      const to = (from + 1 + this.#random.below(ACCOUNTS - 1)) % ACCOUNTS;
      const amount = this.#random.below(100);
      await this.#run(
        `UPDATE ${table} SET balance = balance - ${amount} WHERE id = ${from}`,
        `UPDATE ${table} SET balance = balance + ${amount} WHERE id = ${to}`,
      );
    } else if (kind === 'rotate') {
      await this.#run(`UPDATE ${table} SET a = b, b = c, c = a WHERE ${span}`);
    } else if (kind === 'update') {
      await this.#run(`UPDATE ${table} SET pad = ${padOf(`${n} * 1000::BIGINT + id`)} WHERE ${span}`);
    } else if (kind === 'ddl') {
      await this.#makeTable(n);
    } else if (kind === 'revise') {
      await this.#revise(n);
    } else {
      await this.#load(n);
    }
  }

  async #makeTable(n: number): Promise<void> {
    const k = this.#k;
    const { made: old } = this.#state;
    const { indexes } = this.#request;
    if (old > 0 && !indexes && this.#random.below(3) === 0) {
      await this.#run(`ALTER TABLE ${made(k, old)} ADD COLUMN x_${n} INTEGER DEFAULT ${n}`);
      return;
    }
    if (old > 0) await this.#run(`DROP VIEW ${seen(k, old)}`, `DROP TABLE ${made(k, old)}`);
    await this.#run(
      `CREATE TABLE ${made(k, n)} AS SELECT range AS i, 'row ' || range AS s FROM range(${MADE_ROWS})`,
      `CREATE VIEW ${seen(k, n)} AS SELECT i, s FROM ${made(k, n)}`,
    );
    if (indexes) await this.#run(`CREATE INDEX of_${made(k, n)} ON ${made(k, n)} (i)`);
    this.#state = { ...this.#state, made: n };
  }

  /** Writes a tenth of a load anew. */
  async #revise(n: number): Promise<void> {
    const { loads: found } = this.#state;
    if (found.length === 0) return;
    const load = this.#random.pick(found);
    const table = loads(this.#k);
    await this.#run(
      `UPDATE ${table} SET u = ${n} WHERE n = ${load.n} AND i % 10 = ${this.#random.below(10)}`,
    );
    const [revised = 0] = await numbers(this.#connection, `SELECT sum(u) FROM ${table} WHERE n = ${load.n}`);
    const changed = found.map((each) => (each === load ? { ...each, revised } : each));
    this.#state = { ...this.#state, loads: changed };
  }

  async #load(n: number): Promise<void> {
    const rows = this.#random.pick(this.#request.loadRows);
    if (rows === 0) return;
    const table = loads(this.#k);
    await this.#run(
      `INSERT INTO ${table} SELECT n, i, ${LOAD_V}, ${LOAD_S}, 0 FROM (SELECT ${n}::INTEGER AS n, range::INTEGER AS i FROM range(${rows}))`,
    );
    const all = [...this.#state.loads, { n, rows, revised: 0 }];
    for (const old of all.splice(0, Math.max(0, all.length - KEPT_LOADS)))
      await this.#run(`DELETE FROM ${table} WHERE n = ${old.n}`);
    this.#state = { ...this.#state, loads: all };
  }

  async #run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.run(statement);
  }
}
