/**
 * A process that works on databases as it is told: a JSON line `{ path, statements }` in, a JSON line `{ rows }` of the last
 * statement or `{ error }` out. It keeps the last database open until another one is asked for, or none (`path: null`).
 */
import { createInterface } from 'node:readline';

import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

interface Request {
  readonly path: string | null;
  readonly statements: readonly string[];
}

let open:
  | { readonly path: string; readonly instance: DuckDBInstance; readonly connection: DuckDBConnection }
  | undefined;

async function connectionTo(path: string): Promise<DuckDBConnection> {
  if (open?.path !== path) {
    close();
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`ATTACH '${path}' AS db (BLOCK_SIZE 16384)`);
    await connection.run('USE db');
    open = { path, instance, connection };
  }
  return open.connection;
}

function close(): void {
  open?.connection.closeSync();
  open?.instance.closeSync();
  open = undefined;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, statements } = JSON.parse(line) as Request;
  let answer: object = { rows: [] };
  try {
    if (path === null) close();
    else {
      const connection = await connectionTo(path);
      for (const sql of statements) answer = { rows: (await connection.runAndReadAll(sql)).getRowsJson() };
    }
  } catch (error) {
    answer = { error: (error as Error).message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
