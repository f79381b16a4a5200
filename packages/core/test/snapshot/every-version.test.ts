/** What is done with a database of each engine, storage version and state: the table in docs/hot-copy.md. */
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { type Golden, goldenNamed, GOLDENS } from '../../../duckdb-file/test/golden-files.ts';
import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

/** So long ago that a database that nobody holds counts as quiet. */
const LONG_AGO = new Date(Date.now() - 60_000);

/** 1.5 writes encrypted files only with OpenSSL from an extension, or when told that the built-in code will do. */
const ALLOW_ENCRYPTED = 'SET force_mbedtls_unsafe = true';

/** Puts a golden database into a folder. */
function place(folder: string, { name, database, wal }: Golden): string {
  const path = join(folder, `${name}.duckdb`);
  for (const [file, bytes] of [
    [path, database],
    [`${path}.wal`, wal],
  ] as const) {
    if (bytes === undefined) continue;
    writeFileSync(file, bytes);
    utimesSync(file, LONG_AGO, LONG_AGO);
  }
  return path;
}

/** Whether the files alone say which state is the last one, or it must be quiet. */
const expectedMethod = ({ scenario }: Golden): string =>
  scenario.kind === 'busy' || scenario.kind === 'fresh' ? 'at-rest' : 'quiet';

const key = ({ scenario }: Golden): string =>
  scenario.kind === 'encrypted' ? ` (ENCRYPTION_KEY 'golden')` : '';

test('a database of every engine and storage version, crashed ones and encrypted ones, is copied and opens', async () => {
  using folder = tempFolder();
  await using scratch = await ScratchFolder.create(folder.path);
  const copies: { readonly golden: Golden; readonly to: string }[] = [];
  for (const golden of GOLDENS) {
    const path = place(folder.path, golden);
    const to = join(folder.path, `copy of ${golden.name}`);
    await using snapshot = await openSnapshot({ name: path, path }, { scratch, waitMs: 5000, freeze: false });
    await writeSnapshot(snapshot, to);
    expect([golden.name, snapshot.method]).toEqual([golden.name, expectedMethod(golden)]);
    copies.push({ golden, to });
  }
  const tables = copies.flatMap(({ golden }, n) =>
    Object.entries(golden.facts.rows).map(([table, rows]) => ({ n, name: golden.name, table, rows })),
  );
  const counts = runSql(
    ':memory:',
    ALLOW_ENCRYPTED,
    ...copies.map(({ golden, to }, n) => `ATTACH '${to}' AS g${n}${key(golden)}`),
    tables
      .map(({ n, name, table }) => `SELECT '${name}', '${table}', count(*)::INT FROM g${n}.${table}`)
      .join(' UNION ALL '),
  );
  expect(counts).toEqual(tables.map(({ name, table, rows }) => [name, table, rows]));
  expect(new Set(GOLDENS.map(({ scenario }) => scenario.engine))).toEqual(
    new Set(['1.1', '1.2', '1.3', '1.4', '1.4.0', '1.5']),
  );
}, 60_000);

test('an encrypted database that is open somewhere is copied only if nothing is written to it for a second', async () => {
  using folder = tempFolder();
  await using scratch = await ScratchFolder.create(folder.path);
  const path = place(folder.path, goldenNamed('1.5-encrypted'));
  const attach = `ATTACH '${path}' AS d (ENCRYPTION_KEY 'golden')`;
  await using _holder = await Holder.open(':memory:', ALLOW_ENCRYPTED, attach, 'DELETE FROM d.c');
  const freeze = async (waitMs: number): ReturnType<typeof freezeDatabase> =>
    freezeDatabase(await DatabaseReader.open(path), { name: 'a', scratch, waitMs, clone: false });
  const writing = setInterval(() => utimesSync(path, new Date(), new Date()), 50);
  try {
    await expect(freeze(1500)).rejects.toMatchObject({ code: 'DATABASE_NOT_AT_REST' });
  } finally {
    clearInterval(writing);
  }
  await using snapshot = await freeze(5000);
  expect(snapshot.method).toBe('quiet');
  expect(snapshot.files.map((file) => file.role)).toEqual(['database', 'wal']);
  expect(snapshot.facts.warnings).toEqual([expect.stringContaining('it is encrypted')]);
});

test.each(['wal.checkpoint', 'wal.recovery'])(
  'X.%s is taken along if nobody holds the database, and waited for if somebody does',
  async (role) => {
    using folder = tempFolder();
    await using scratch = await ScratchFolder.create(folder.path);
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
    const holder = await Holder.open(path);
    writeFileSync(`${path}.${role}`, 'what a checkpoint or a recovery is writing');
    for (const file of [path, `${path}.${role}`]) utimesSync(file, LONG_AGO, LONG_AGO);
    const open = async (waitMs: number): ReturnType<typeof openSnapshot> =>
      openSnapshot({ name: path, path }, { scratch, waitMs, freeze: false });
    await expect(open(1000)).rejects.toMatchObject({
      code: 'DATABASE_NOT_AT_REST',
      message: expect.stringContaining('a checkpoint is running') as string,
    });
    await holder[Symbol.asyncDispose]();
    await using snapshot = await open(1000);
    expect(snapshot.method).toBe('quiet');
    expect(snapshot.files.map((file) => file.role)).toContain(role);
  },
);
