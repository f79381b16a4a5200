/**
 * Opens copies and looks whether each is one committed state. A copy that is none may end this process in any way.
 *
 *     in    a line of JSON: { path, engine, connections, indexes }
 *     out   a line of JSON for each: CheckAnswer
 */
import { createInterface } from 'node:readline';

import { ACCOUNTS, accounts, COLUMN_SUM, commits, loads, made } from '../lib/ledger.ts';
import type { CheckAnswer } from '../lib/protocol.ts';
import { type Connection, loadEngine, numbers } from './database.ts';

interface CheckRequest {
  readonly path: string;
  readonly engine: string;
  readonly connections: number;
  readonly indexes: boolean;
}

async function checkLedger(connection: Connection, k: number, indexes: boolean): Promise<CheckAnswer> {
  const wrong: string[] = [];
  const expect = (what: string, actual: number, expected: number): void => {
    if (actual !== expected) wrong.push(`${what} of ${k}: ${actual} instead of ${expected}`);
  };
  const [count = 0, balance = 0, columns = 0] = await numbers(
    connection,
    `SELECT count(*), sum(balance), sum(a + b + c) FROM ${accounts(k)}`,
  );
  expect('accounts', count, ACCOUNTS);
  expect('balance', balance, 0);
  expect('columns', columns, COLUMN_SUM);
  const [n = 0, last = 0] = await numbers(
    connection,
    `SELECT count(*), coalesce(max(n), 0) FROM ${commits(k)}`,
  );
  expect('commits', n, last);
  if (last > 0) {
    const [rows = 0, total = 0, table = 0] = await numbers(
      connection,
      `SELECT rows, total, made FROM ${commits(k)} WHERE n = ${last}`,
    );
    const [found = 0, sum = 0] = await numbers(
      connection,
      `SELECT count(*), coalesce(sum(i), 0) FROM ${loads(k)}`,
    );
    expect('loaded rows', found, rows);
    expect('their sum', sum, total);
    if (table > 0) {
      const [madeRows = 0] = await numbers(connection, `SELECT count(s) FROM ${made(k, table)}`);
      expect('made rows', madeRows, 3000);
    }
  }
  if (indexes) {
    for (const id of [0, 17, 499, 999]) {
      const [byIndex = 0] = await numbers(connection, `SELECT balance FROM ${accounts(k)} WHERE id = ${id}`);
      const [byScan = 0] = await numbers(
        connection,
        `SELECT balance FROM ${accounts(k)} WHERE id + 0 = ${id}`,
      );
      expect(`account ${id}`, byIndex, byScan);
      const [loadsByIndex = 0] = await numbers(
        connection,
        `SELECT count(*) FROM ${loads(k)} WHERE i = ${id}`,
      );
      const [loadsByScan = 0] = await numbers(
        connection,
        `SELECT count(*) FROM ${loads(k)} WHERE i + 0 = ${id}`,
      );
      expect(`loads with ${id}`, loadsByIndex, loadsByScan);
    }
  }
  return { last: [last], wrong };
}

/** Every column of every table is read. */
async function readAll(connection: Connection): Promise<void> {
  const tables = (
    await connection.runAndReadAll(`SELECT table_name FROM duckdb_tables() WHERE NOT internal`)
  ).getRows();
  for (const [table] of tables) {
    await connection.runAndReadAll(`SELECT sum(hash(t)::HUGEINT) FROM "${String(table)}" t`);
  }
}

async function checkOnce({ path, engine, connections, indexes }: CheckRequest): Promise<CheckAnswer> {
  const instance = await loadEngine(engine).create(path);
  try {
    const connection = await instance.connect();
    await readAll(connection);
    const last: number[] = [];
    const wrong: string[] = [];
    for (let k = 0; k < connections; k += 1) {
      const answer = await checkLedger(connection, k, indexes);
      last.push(...answer.last);
      wrong.push(...answer.wrong);
    }
    await connection.run('CHECKPOINT');
    return { last, wrong };
  } finally {
    instance.closeSync?.();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as CheckRequest;
  let answer: CheckAnswer;
  try {
    const first = await checkOnce(request);
    // Once more, after the WAL was folded into the file and the file was opened anew.
    const second = await checkOnce(request);
    answer = {
      last: first.last,
      wrong: [...first.wrong, ...second.wrong.map((text) => `after a checkpoint: ${text}`)],
    };
  } catch (error) {
    answer = {
      last: [],
      wrong: [`it does not open or read: ${(error as Error).message.split('\n')[0] ?? ''}`],
    };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
