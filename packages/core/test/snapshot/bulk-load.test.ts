import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { expect, test } from 'vitest';

import { snapshot } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

const DUCKDB = createRequire(import.meta.url).resolve('@duckdb/node-api');
const ROWS = 200_000;

/**
 * Two connections that load in bulk and delete again. Every commit is checkpointed at once, and skips the WAL if it can:
 * then there is neither a commit nor a marker to go by.
 */
const LOADER = `
  const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
  const load = async (instance, k) => {
    const connection = await instance.connect();
    await connection.run(\`CREATE TABLE t\${k} (n INTEGER, i INTEGER)\`);
    for (let n = 1; ; n += 1) {
      await connection.run('BEGIN');
      await connection.run(\`INSERT INTO t\${k} SELECT \${n}, range FROM range(${ROWS})\`);
      await connection.run(\`DELETE FROM t\${k} WHERE n = \${n - 3}\`);
      await connection.run(\`INSERT INTO log VALUES (\${k}, \${n})\`);
      await connection.run('COMMIT');
      console.log(k, n);
    }
  };
  (async () => {
    const instance = await DuckDBInstance.create(process.argv[1]);
    const connection = await instance.connect();
    await connection.run("SET checkpoint_threshold = '1KB'");
    await connection.run('CREATE TABLE log (k INTEGER, n INTEGER)');
    await Promise.all([load(instance, 0), load(instance, 1)]);
  })().catch((error) => { console.error(error.message); process.exit(1); });`;

test('a database that is only loaded in bulk comes to rest, and its copy holds whole loads', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  const loader = spawn(process.execPath, ['-e', LOADER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const last = [0, 0];
    const lines = createInterface({ input: loader.stdout });
    lines.on('line', (line) => {
      const [k = 0, n = 0] = line.split(' ').map(Number);
      last[k] = n;
    });
    while (Math.min(...last) < 5) await once(lines, 'line');
    for (let round = 0; round < 4; round += 1) {
      const acknowledged = [...last];
      const to = join(folder.path, `copy-${round}.duckdb`);
      await snapshot(path, { to });
      for (const k of [0, 1]) {
        const [[newest, rows, loads] = []] = runSql(
          to,
          `SELECT (SELECT max(n) FROM log WHERE k = ${k}), count(*)::INT, count(DISTINCT n)::INT FROM t${k}`,
        );
        expect(Number(newest)).toBeGreaterThanOrEqual(acknowledged[k] ?? Infinity);
        expect([rows, loads]).toEqual([3 * ROWS, 3]);
      }
    }
  } finally {
    loader.kill('SIGKILL');
    await once(loader, 'close');
  }
}, 400_000);
