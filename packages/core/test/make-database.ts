import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test's own, removed when it is disposed of. */
export function tempFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'quackup-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const DUCKDB = createRequire(import.meta.url).resolve('@duckdb/node-api');

/** Runs SQL in a child process, which then dies without closing the database: what is not checkpointed stays in the WAL. */
export function runSql(path: string, ...statements: readonly string[]): unknown[][] {
  const script = `
    const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
    (async () => {
      const connection = await (await DuckDBInstance.create(process.argv[1])).connect();
      let rows = [];
      for (const sql of JSON.parse(process.argv[2])) rows = (await connection.runAndReadAll(sql)).getRowsJson();
      require('node:fs').writeSync(1, JSON.stringify(rows));
      process.kill(process.pid, 'SIGKILL');
    })().catch((error) => { console.error(error.message); process.exit(1); });`;
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    ['-e', script, path, JSON.stringify(statements)],
    {
      encoding: 'utf8',
    },
  );
  if (signal !== 'SIGKILL') throw new Error(stderr);
  return JSON.parse(stdout) as unknown[][];
}

/** A small database with free blocks and a WAL: some rows are in the file, the last one is only in the WAL. */
export function makeDatabase(path: string): void {
  runSql(
    path,
    `ATTACH '${path}.small' AS small (BLOCK_SIZE 16384)`,
    'CREATE TABLE small.t AS SELECT i, i * 7 AS j, md5(i::VARCHAR) AS s FROM range(20000) r(i)',
    'CHECKPOINT small',
    'DELETE FROM small.t WHERE i < 8000',
    'CHECKPOINT small',
    'CREATE TABLE small.u AS SELECT 42 AS answer',
    'CHECKPOINT small',
    "INSERT INTO small.t VALUES (-1, -7, 'only in the WAL')",
  );
}
