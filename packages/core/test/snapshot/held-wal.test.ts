/** A database that a process has open by another name than the one that is backed up: its WAL lies beside that name. */
import { copyFileSync, linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { createBackup, snapshot, type TakenSnapshot } from '../../src/index.ts';
import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

const isLinux = process.platform === 'linux';
const INSERT = 'INSERT INTO t VALUES (2)';

interface Place extends Disposable {
  readonly at: (name: string) => string;
  /** A database with one row, which is in the file. */
  readonly path: string;
}

function place(): Place {
  const folder = tempFolder();
  const at = (name: string): string => join(folder.path, name);
  const path = at('y.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
  return { at, path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

async function copyOf(path: string, to: string): Promise<TakenSnapshot & { readonly rows: unknown }> {
  const taken = await snapshot(path, { to });
  return { ...taken, rows: runSql(to, 'SELECT count(*)::INT FROM t')[0]?.[0] };
}

/** The refusal of a database whose WAL is at `wal`. */
const refusal = (wal: string, hint: string): unknown =>
  expect.objectContaining({
    code: 'WAL_IN_DOUBT',
    message: expect.stringContaining(`by another name: its WAL is ${wal}, and a copy`) as string,
    hint: expect.stringContaining(hint) as string,
  });

test.runIf(isLinux)(
  'a WAL beside a link that DuckDB 1.4 was given is named, and taken by that name',
  async () => {
    using folder = place();
    mkdirSync(folder.at('app'));
    const link = folder.at('app/x.duckdb');
    const wal = `${link}.wal`;
    symlinkSync('../y.duckdb', link);
    copyFileSync(folder.path, folder.at('other.duckdb'));
    runSql(folder.at('other.duckdb'), INSERT);
    await using _holder = await Holder.openWith(folder.path, [wal]);
    copyFileSync(folder.at('other.duckdb.wal'), wal);
    await expect(copyOf(folder.path, folder.at('copy'))).rejects.toEqual(refusal(wal, `does: ${link}`));
    expect(await copyOf(link, folder.at('copy'))).toMatchObject({ method: 'hot', rows: 2 });
  },
);

test.runIf(isLinux)('a WAL beside another hard link is named, and taken by that name', async () => {
  using folder = place();
  const name = folder.at('h.duckdb');
  linkSync(folder.path, name);
  await using _holder = await Holder.open(name, INSERT);
  const expected = refusal(`${name}.wal`, `does: ${name}`);
  await expect(copyOf(folder.path, folder.at('copy'))).rejects.toEqual(expected);
  const { databases } = await createBackup({
    databases: [
      { name: 'by that name', path: name },
      { name: 'by another', path: folder.path },
    ],
    targets: [{ name: 'memory', target: new MemoryTarget() }],
    sameMoment: true,
  });
  expect(databases).toMatchObject([{ status: 'ok' }, { status: 'failed', error: { code: 'WAL_IN_DOUBT' } }]);
  expect(databases[0]?.warnings).toBeUndefined();
  expect(await copyOf(name, folder.at('copy'))).toMatchObject({ rows: 2, warnings: [] });
});

test('of a file with two names that nobody has open the report says that commits may be missing', async () => {
  using folder = place();
  linkSync(folder.path, folder.at('h.duckdb'));
  runSql(folder.at('h.duckdb'), INSERT);
  expect(await copyOf(folder.path, folder.at('copy'))).toMatchObject({
    warnings: [expect.stringMatching(/^its file has 2 names \(hard links\)/)],
  });
});

test.runIf(isLinux)(
  'a process that has it open by the name that is backed up is enough to know',
  async () => {
    using folder = place();
    linkSync(folder.path, folder.at('h.duckdb'));
    await using _holder = await Holder.open(folder.path);
    expect(await copyOf(folder.path, folder.at('copy'))).toMatchObject({ method: 'hot', warnings: [] });
  },
);

test.runIf(isLinux)('the WAL of a database that was renamed while it was open is missed', async () => {
  using folder = place();
  await using _holder = await Holder.open(folder.path, INSERT);
  const renamed = folder.at('renamed.duckdb');
  renameSync(folder.path, renamed);
  await expect(copyOf(renamed, folder.at('copy'))).rejects.toEqual(
    refusal(`${folder.path}.wal`, 'was renamed while it was open'),
  );
});

test.runIf(isLinux)('WALs of other databases, and of other programs, are nothing to it', async () => {
  using folder = place();
  writeFileSync(folder.at('journal.wal'), 'of another program');
  await using _holder = await Holder.openWith(
    folder.path,
    [folder.at('journal.wal')],
    `ATTACH '${folder.at('other.duckdb')}' AS other`,
    'CREATE TABLE other.t AS SELECT 1 AS i',
  );
  expect(await copyOf(folder.path, folder.at('copy'))).toMatchObject({
    method: 'hot',
    rows: 1,
    warnings: [],
  });
});

test.runIf(isLinux)('a WAL that is elsewhere by the end of the copy is noticed', async () => {
  using folder = place();
  linkSync(folder.path, folder.at('h.duckdb'));
  await using scratch = await ScratchFolder.create(folder.at('.'));
  const source = { name: 'y.duckdb', path: folder.path };
  await using atRest = await openSnapshot(source, { scratch, waitMs: 1000, freeze: false });
  const expected = refusal(folder.at('h.duckdb.wal'), `does: ${folder.at('h.duckdb')}`);
  await using _holder = await Holder.open(folder.at('h.duckdb'), INSERT);
  await expect(atRest.confirm()).rejects.toEqual(expected);
  const reader = await DatabaseReader.open(folder.path);
  const freezing = freezeDatabase(reader, { name: 'y.duckdb', scratch, waitMs: 5000, clone: false });
  await expect(freezing).rejects.toEqual(expected);
});
