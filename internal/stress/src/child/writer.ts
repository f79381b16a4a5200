/**
 * Writes to a database until its stdin ends or it is killed:
 *
 *     node writer.ts <JSON of WriterRequest>
 *
 * Says on stdout, a line each: `begin k n` before connection k commits n, `commit k n` after it has returned, and `ready`.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { Random } from '../lib/random.ts';
import { ACCOUNTS, accounts, commits, loads, made } from '../lib/ledger.ts';
import type { Mix } from '../lib/scenarios.ts';
import { type WriterRequest, writerRequest } from '../lib/protocol.ts';
import { type Connection, type Instance, loadEngine, numbers } from './database.ts';

/** Loads that are kept: the database stays about as large as it is. */
const KEPT_LOADS = 4;

const say = (...words: readonly (string | number)[]): boolean => process.stdout.write(`${words.join(' ')}\n`);

class LedgerWriter {
  readonly #k: number;
  readonly #request: WriterRequest;
  readonly #connection: Connection;
  readonly #random: Random;
  #n = 0;
  #rows = 0;
  #sum = 0;
  #made = 0;
  /** Number and rows of each load that is there, oldest first. */
  #loads: { readonly n: number; readonly rows: number }[] = [];

  constructor(k: number, request: WriterRequest, connection: Connection) {
    this.#k = k;
    this.#request = request;
    this.#connection = connection;
    this.#random = new Random(request.seed + k * 7919);
  }

  async prepare(): Promise<void> {
    const k = this.#k;
    const { indexes } = this.#request;
    const key = indexes ? 'PRIMARY KEY' : '';
    await this.#run(
      `CREATE TABLE IF NOT EXISTS ${accounts(k)} (id INTEGER ${key}, balance BIGINT, a BIGINT, b BIGINT, c BIGINT, pad VARCHAR)`,
      `CREATE TABLE IF NOT EXISTS ${loads(k)} (n INTEGER, i INTEGER, v DOUBLE, s VARCHAR)`,
      `CREATE TABLE IF NOT EXISTS ${commits(k)} (n INTEGER, rows BIGINT, total BIGINT, made INTEGER)`,
    );
    const [found = 0] = await numbers(this.#connection, `SELECT count(*) FROM ${accounts(k)}`);
    if (found === 0) {
      await this.#run(
        `INSERT INTO ${accounts(k)} SELECT range, 0, range, range + 1, range + 2, 'new' FROM range(${ACCOUNTS})`,
      );
      if (indexes) await this.#run(`CREATE INDEX by_i_${k} ON ${loads(k)} (i)`);
    }
    await this.#resume();
  }

  async #resume(): Promise<void> {
    const k = this.#k;
    const [n = 0] = await numbers(this.#connection, `SELECT coalesce(max(n), 0) FROM ${commits(k)}`);
    if (n === 0) return;
    this.#n = n;
    [this.#rows = 0, this.#sum = 0, this.#made = 0] = await numbers(
      this.#connection,
      `SELECT rows, total, made FROM ${commits(k)} WHERE n = ${n}`,
    );
    const rows = (
      await this.#connection.runAndReadAll(`SELECT n, count(*) FROM ${loads(k)} GROUP BY n ORDER BY n`)
    ).getRows();
    this.#loads = rows.map(([load, count]) => ({ n: Number(load), rows: Number(count) }));
  }

  async commitOne(): Promise<void> {
    const kind = this.#choose();
    if (kind === 'checkpoint') {
      // Refused while another connection writes; that is part of the life of a database.
      await this.#connection.run('CHECKPOINT').catch(() => undefined);
      return;
    }
    const before = { rows: this.#rows, sum: this.#sum, made: this.#made, loads: [...this.#loads] };
    const n = this.#n + 1;
    try {
      await this.#run('BEGIN');
      await this.#work(kind === 'rollback' ? this.#random.pick(['load', 'update', 'rotate']) : kind, n);
      await this.#run(
        `INSERT INTO ${commits(this.#k)} VALUES (${n}, ${this.#rows}, ${this.#sum}, ${this.#made})`,
      );
      if (kind !== 'rollback') {
        say('begin', this.#k, n);
        await this.#run('COMMIT');
        this.#n = n;
        say('commit', this.#k, n);
        return;
      }
      await this.#run('ROLLBACK');
    } catch (error) {
      // A conflict with another connection's DDL; anything else comes up again at the next statement.
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      if (!/onflict|TransactionContext/.test((error as Error).message)) throw error;
    }
    this.#rows = before.rows;
    this.#sum = before.sum;
    this.#made = before.made;
    this.#loads = before.loads;
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
    const k = this.#k;
    const from = this.#random.below(ACCOUNTS);
    const span = `id BETWEEN ${from} AND ${from + this.#random.below(300)}`;
    if (kind === 'transfer') {
      const to = (from + 1 + this.#random.below(ACCOUNTS - 1)) % ACCOUNTS;
      const amount = this.#random.below(100);
      await this.#run(
        `UPDATE ${accounts(k)} SET balance = balance - ${amount} WHERE id = ${from}`,
        `UPDATE ${accounts(k)} SET balance = balance + ${amount} WHERE id = ${to}`,
      );
    } else if (kind === 'rotate') {
      await this.#run(`UPDATE ${accounts(k)} SET a = b, b = c, c = a WHERE ${span}`);
    } else if (kind === 'update') {
      await this.#run(`UPDATE ${accounts(k)} SET pad = repeat(md5('${n}' || id::VARCHAR), 8) WHERE ${span}`);
    } else if (kind === 'ddl') {
      if (this.#made > 0) await this.#run(`DROP TABLE ${made(k, this.#made)}`);
      await this.#run(
        `CREATE TABLE ${made(k, n)} AS SELECT range AS i, 'row ' || range AS s FROM range(3000)`,
      );
      this.#made = n;
    } else {
      await this.#load(n);
    }
  }

  async #load(n: number): Promise<void> {
    const rows = this.#random.pick(this.#request.loadRows);
    await this.#run(
      `INSERT INTO ${loads(this.#k)} SELECT ${n}, range, range * ${this.#random.next()}, 'load ' || (range * ${n} % 1000) FROM range(${rows})`,
    );
    this.#loads.push({ n, rows });
    this.#rows += rows;
    this.#sum += (rows * (rows - 1)) / 2;
    while (this.#loads.length > KEPT_LOADS) {
      const oldest = this.#loads.shift();
      if (oldest === undefined) break;
      await this.#run(`DELETE FROM ${loads(this.#k)} WHERE n = ${oldest.n}`);
      this.#rows -= oldest.rows;
      this.#sum -= (oldest.rows * (oldest.rows - 1)) / 2;
    }
  }

  async #run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.run(statement);
  }
}

/** The newest storage version is asked for by ATTACH; the file is the same to whoever opens it. */
async function openInstance(request: WriterRequest): Promise<Instance> {
  const engine = loadEngine(request.engine);
  if (request.storage === undefined) return engine.create(request.path);
  const instance = await engine.create();
  const connection = await instance.connect();
  await connection.run(`ATTACH '${request.path}' AS stress (STORAGE_VERSION '${request.storage}')`);
  return instance;
}

/** Fetches some of a table, rests, and lets go: until then what it reads stays in the file, freed or not. */
async function readSlowly(reader: number): Promise<void> {
  const random = new Random(request.seed + 104_729 + reader);
  const connection = await instance.connect();
  if (request.storage !== undefined) await connection.run('USE stress');
  while (!stopped.signal.aborted) {
    const table = loads(random.below(request.connections));
    // A table that has just been changed may not be read; the next one is.
    const result = await connection.stream(`SELECT * FROM ${table}`).catch(() => undefined);
    await result?.fetchChunk();
    await sleep(random.below(400));
    await connection.run('SELECT 1');
  }
}

const request = writerRequest.parse(JSON.parse(process.argv[2] ?? ''));
const stopped = new AbortController();
process.stdin.on('end', () => stopped.abort());
process.stdin.resume();

const instance = await openInstance(request);
const writers: LedgerWriter[] = [];
for (let k = 0; k < request.connections; k += 1) {
  const connection = await instance.connect();
  if (request.storage !== undefined) await connection.run('USE stress');
  if (request.threshold !== undefined)
    await connection.run(`SET checkpoint_threshold = '${request.threshold}'`);
  const writer = new LedgerWriter(k, request, connection);
  await writer.prepare();
  writers.push(writer);
}
say('ready');
for (let reader = 0; reader < request.readers; reader += 1) void readSlowly(reader);
const msBetween = request.rate === undefined ? 0 : 1000 / request.rate;
await Promise.all(
  writers.map(async (writer) => {
    for (let dueMs = performance.now(); !stopped.signal.aborted; dueMs += msBetween) {
      if (msBetween > 0) {
        // What was missed while it could not run is not made up for.
        dueMs = Math.max(dueMs, performance.now() - msBetween);
        await sleep(Math.max(0, dueMs - performance.now()));
      }
      await writer.commitOne();
    }
  }),
);
