import { linkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { CheckName } from '../../src/lib/doctor/check.ts';
import { checkDatabase } from '../../src/lib/doctor/checks/check-database.ts';
import { probeDatabase } from '../../src/lib/doctor/probes/database-facts.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from '../snapshot/holder.ts';

const isLinux = process.platform === 'linux';

interface Place extends Disposable {
  readonly path: string;
  readonly link: string;
}

/** A database with a commit in its WAL, and a link to it. */
function place(): Place {
  const folder = tempFolder();
  const [path, link] = [join(folder.path, 'y.duckdb'), join(folder.path, 'x.duckdb')];
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT', 'INSERT INTO t VALUES (2)');
  symlinkSync('y.duckdb', link);
  return { path, link, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** The checks of a database by their names, as `status message`. */
async function diagnose(path: string): Promise<Partial<Record<CheckName, string>>> {
  const checks = checkDatabase(await probeDatabase({ name: 'a', path }));
  return Object.fromEntries(checks.map(({ name, status, message }) => [name, `${status} ${message}`]));
}

async function namesOf(path: string): Promise<string | undefined> {
  return (await diagnose(path))['database-names'];
}

test('a database with one name is well', async () => {
  using folder = place();
  expect(await namesOf(folder.path)).toBe('OK one');
});

test('of a link the WAL is found at either place, and looked at nowhere if it is at both', async () => {
  using folder = place();
  const behind = await diagnose(folder.link);
  expect(behind['database-names']).toMatch(/^WARN .*x\.duckdb is a link to .*y\.duckdb: /);
  expect(behind['database-wal']).toMatch(/^OK .* 1 commit since/);
  renameSync(`${folder.path}.wal`, `${folder.link}.wal`);
  expect((await diagnose(folder.link))['database-wal']).toMatch(/^OK .* 1 commit since/);
  writeFileSync(`${folder.path}.wal.checkpoint`, '');
  const both = await diagnose(folder.link);
  expect(both['database-names']).toMatch(
    /^FAILED .* cannot be told: there are .*y\.duckdb\.wal\.checkpoint and/,
  );
  expect(Object.keys(both)).not.toContain('database-wal');
  expect(Object.keys(both)).not.toContain('database-sidecars');
});

test('a WAL behind a link that leads nowhere is found', async () => {
  using folder = place();
  rmSync(folder.path);
  expect((await diagnose(folder.link))['database-sidecars']).toMatch(
    /^FAILED .*x\.duckdb is not there, but .*y\.duckdb\.wal is/,
  );
});

test.runIf(isLinux)('hard links are well as long as the name that is known is in use', async () => {
  using folder = place();
  const other = `${folder.path}.other`;
  linkSync(folder.path, other);
  expect(await namesOf(folder.path)).toMatch(/^WARN its file has 2 names \(hard links\)/);
  await using _holder = await Holder.open(folder.path);
  expect(await namesOf(folder.path)).toBe('OK 2 (hard links), and this one is in use');
  expect(await namesOf(other)).toMatch(/^FAILED .* is open in process \d+ .* its WAL is .*y\.duckdb\.wal, /);
});

test.runIf(isLinux)('a WAL that was removed is noticed behind a link', async () => {
  using folder = place();
  await using _holder = await Holder.open(folder.link, 'INSERT INTO t VALUES (3)');
  expect((await diagnose(folder.link))['database-wal']).toMatch(/^OK/);
  rmSync(`${folder.path}.wal`);
  expect((await diagnose(folder.link))['database-wal']).toMatch(
    /^FAILED .*y\.duckdb\.wal was removed while process/,
  );
});
