/**
 * Opens copies and looks whether each is one committed state. A copy that is none may end this process in any way.
 *
 *     in    a line of JSON: CheckRequest
 *     out   a line of JSON for each: CheckAnswer
 *
 * A copy is opened READ_WRITE, so that its WAL is replayed; read in full; checkpointed; opened and read once more.
 */
import { createInterface } from 'node:readline';

import { type CheckAnswer, type CheckRequest, checkRequest, type Flaw } from '../lib/protocol.ts';
import { type Connection, loadEngine } from './database.ts';
import { LedgerCheck } from './ledger-check.ts';

/** Every column of every table is read. */
async function readAll(connection: Connection): Promise<void> {
  const tables = (
    await connection.runAndReadAll(`SELECT table_name FROM duckdb_tables() WHERE NOT internal`)
  ).getRows();
  for (const [table] of tables) {
    await connection.runAndReadAll(`SELECT sum(hash(t)::HUGEINT) FROM "${String(table)}" t`);
  }
}

async function checkOnce({ path, engine, version, connections, indexes }: CheckRequest): Promise<CheckAnswer> {
  const instance = await loadEngine(engine).create(path);
  try {
    const connection = await instance.connect();
    const [[found] = []] = (await connection.runAndReadAll('SELECT version()')).getRows();
    if (found !== version) throw new Error(`this is ${String(found)}, not ${version}`);
    await readAll(connection);
    const last: number[] = [];
    const wrong: Flaw[] = [];
    for (let k = 0; k < connections; k += 1) {
      const check = new LedgerCheck(connection, k);
      await check.run(indexes);
      last.push(check.last);
      wrong.push(...check.wrong);
    }
    await connection.run('CHECKPOINT');
    return { last, wrong };
  } finally {
    instance.closeSync?.();
  }
}

async function check(request: CheckRequest): Promise<CheckAnswer> {
  let first: CheckAnswer | undefined;
  try {
    first = await checkOnce(request);
    const again = await checkOnce(request);
    const wrong = again.wrong.map(({ kind, what }) => ({ kind, what: `after a checkpoint: ${what}` }));
    if (wrong.length === 0 && first.last.join() !== again.last.join())
      wrong.push({ kind: 'lost commit', what: `after a checkpoint: ${again.last.join()}` });
    return { last: first.last, wrong: [...first.wrong, ...wrong] };
  } catch (error) {
    const what = (error as Error).message.split('\n')[0] ?? '';
    return { last: first?.last ?? [], wrong: [...(first?.wrong ?? []), { kind: 'does not open', what }] };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await check(checkRequest.parse(JSON.parse(line))))}\n`);
}
