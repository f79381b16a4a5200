import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { createBackup, restoreBackup } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

const DUCKDB = createRequire(import.meta.url).resolve('@duckdb/node-api');
const NAMES = ['first', 'second', 'third'];

/** Commits n to the first database, then n to the second, then n to the third, and so on. */
const WRITER = `
  const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
  (async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    const names = ${JSON.stringify(NAMES)};
    for (const name of names) {
      await connection.run(\`ATTACH '\${process.argv[1]}/\${name}.duckdb' AS \${name}\`);
      await connection.run(\`CREATE TABLE \${name}.t (n INTEGER)\`);
    }
    for (let n = 1; ; n += 1) {
      for (const name of names) await connection.run(\`INSERT INTO \${name}.t VALUES (\${n})\`);
      console.log(n);
    }
  })().catch((error) => { console.error(error.message); process.exit(1); });`;

test.each([
  ['without stopping the writer', {}],
  ['with the writer stopped where there is no gap', { pauseWriterMs: 500 }],
])(
  'databases that are written one after the other are copied at one moment, %s',
  async (_, pausing) => {
    using folder = tempFolder();
    const writer = spawn(process.execPath, ['-e', WRITER, folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface({ input: writer.stdout });
      await once(lines, 'line');
      lines.resume();
      for (let round = 0; round < 3; round += 1) {
        const target = { name: 'memory', target: new MemoryTarget() };
        const { backup, databases } = await createBackup({
          databases: NAMES.map((name) => ({ name, path: join(folder.path, `${name}.duckdb`) })),
          targets: [target],
          sameMoment: true,
          ...pausing,
        });
        expect(new Set(databases.map(({ takenAt }) => takenAt)).size).toBe(1);
        const restored = join(folder.path, `restored-${round}`);
        await restoreBackup(target, backup, { restoreDir: restored });
        const [first = 0, second = 0, third = 0] = NAMES.map((name) =>
          Number(runSql(join(restored, name), 'SELECT max(n) FROM t')[0]?.[0]),
        );
        expect([0, 1]).toContain(first - third);
        expect([first, third]).toContain(second);
      }
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'close');
    }
  },
  60_000,
);

test('a database that cannot be copied is left out, and the others are of one moment', async () => {
  using folder = tempFolder();
  const broken = join(folder.path, 'broken.duckdb');
  writeFileSync(broken, 'no database at all, and long enough to look like one'.repeat(1000));
  for (const name of NAMES) runSql(join(folder.path, `${name}.duckdb`), 'CREATE TABLE t AS SELECT 1 AS n');
  const { databases } = await createBackup({
    databases: ['broken', 'missing', ...NAMES].map((name) => ({
      name,
      path: join(folder.path, `${name}.duckdb`),
    })),
    targets: [{ name: 'memory', target: new MemoryTarget() }],
    sameMoment: true,
  });
  expect(databases.map(({ name, status, error }) => [name, error?.code ?? status])).toEqual([
    ['broken', 'NOT_A_DATABASE'],
    ['missing', 'DATABASE_NOT_FOUND'],
    ...NAMES.map((name) => [name, 'ok']),
  ]);
});
