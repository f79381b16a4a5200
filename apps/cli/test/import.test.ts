/** Imports end to end: what other tools left goes in, is restored, and is compared in SQL with what it was made from. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { BackupReport, BackupSummary, CleanupReport, ImportReport } from '@quackup/core';
import { querySummary, runSql, startWriter } from '@quackup/fixtures';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { goldenRows, putGolden } from './support/golden.ts';
import { writeOpenQuantArchive } from './support/openquant-archive.ts';
import { runIn, runJson } from './support/run-in.ts';

const BIN = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

let folder = '';
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'quackup-import-')));
  mkdirSync(at('old'));
  mkdirSync(at('temp'));
  writeFileSync(
    at('quackup.yaml'),
    'databases: [data/app.duckdb]\ntargets: { local: { type: local, path: b } }\nretention: { keepDays: 36500 }\nbackup: { tempDir: temp }\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function importing(...args: string[]): Promise<{ status: number; json: ImportReport }> {
  const { status, json } = await runJson(folder, ['import', ...args]);
  return { status, json: json as ImportReport };
}

async function backups(): Promise<readonly BackupSummary[]> {
  return ((await runJson(folder, ['list'])).json as { backups: BackupSummary[] }).backups;
}

/** Restores a database of a backup, and says what is in it. */
async function contentOf(backup: string, name: string): Promise<unknown> {
  const restoreDir = mkdtempSync(at('restored-'));
  expect((await runIn(folder, ['restore', backup, '--restore-dir', restoreDir])).status).toBe(0);
  return querySummary(join(restoreDir, name), { access: 'read-write' });
}

describe('a folder full of archives of OpenQuant', () => {
  const days = ['20250101', '20250102', '20250103'];
  const summaries = new Map<string, unknown>();

  const made = mkdtempSync(join(tmpdir(), 'quackup-openquant-'));
  const database = join(made, 'app.duckdb');

  beforeAll(async () => {
    mkdirSync(join(made, 'old'));
    await runSql(database, ['CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS s FROM range(60000) r(i)']);
    for (const day of days) {
      await runSql(database, [`INSERT INTO t VALUES (${day}, 'today')`, 'CHECKPOINT']);
      summaries.set(day, await querySummary(database));
      const time = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T02:00:00.123456+00:00`;
      writeOpenQuantArchive(join(made, `old/backup_${day}_020000.tar.gz`), time, [database]);
    }
    writeFileSync(join(made, 'old/notes.txt'), 'nothing to import');
  });
  afterAll(() => rmSync(made, { recursive: true, force: true }));
  beforeEach(() => cpSync(join(made, 'old'), at('old'), { recursive: true }));

  test('becomes backups of their own time, each of which restores as it was', async () => {
    const { status, json } = await importing('old');
    expect(status).toBe(0);
    expect(json.imports.map(({ status: state, kind, backup }) => [state, kind, backup])).toEqual(
      days.map((day) => ['imported', 'openquant', `backup_${day}_020000`]),
    );
    expect(json.skipped).toEqual([{ path: at('old/notes.txt'), reason: expect.any(String) as string }]);
    const listed = await backups();
    expect(listed.map(({ name, kind, createdAt }) => [name, kind, createdAt])).toEqual([
      ['backup_20250103_020000', 'incremental', '2025-01-03T02:00:00.123Z'],
      ['backup_20250102_020000', 'incremental', '2025-01-02T02:00:00.123Z'],
      ['backup_20250101_020000', 'full', '2025-01-01T02:00:00.123Z'],
    ]);
    for (const day of days)
      expect(await contentOf(`backup_${day}_020000`, 'app.duckdb')).toEqual(summaries.get(day));
    const verified = await runIn(folder, ['verify', '--all', '--level', 'blocks']);
    expect(verified.status).toBe(0);
    expect(readdirSync(at('temp'))).toEqual([]);
    const shown = await runIn(folder, ['show', 'backup_20250102_020000']);
    expect(shown.stdout).toContain(`imported from ${at('old/backup_20250102_020000.tar.gz')}`);
    expect(shown.stdout).toContain(at('data/app.duckdb'));
  });

  test('is imported once, however often the command is run', async () => {
    expect((await importing('old/backup_20250102_020000.tar.gz')).status).toBe(0);
    const { status, json } = await importing('old');
    expect(status).toBe(0);
    expect(json.imports.map((item) => item.status)).toEqual(['imported', 'present', 'imported']);
    const before = readdirSync(at('b'));
    expect((await importing('old')).json.imports.map((item) => item.status)).toEqual([
      'present',
      'present',
      'present',
    ]);
    expect(readdirSync(at('b'))).toEqual(before);
  });

  test('goes in beside newer backups, which go on building on their own last one', async () => {
    mkdirSync(at('data'));
    copyFileSync(database, at('data/app.duckdb'));
    const own = (await runJson(folder, ['backup'])).json as BackupReport;
    expect((await importing('old')).status).toBe(0);
    expect((await backups()).map(({ kind }) => kind)).toEqual(['full', 'incremental', 'incremental', 'full']);
    await runSql(at('data/app.duckdb'), ["INSERT INTO t VALUES (-1, 'later')"]);
    await runIn(folder, ['backup']);
    const [newest] = await backups();
    expect(newest).toMatchObject({ kind: 'incremental', dependsOn: [`${own.backup}.tar.zst`] });
  });

  test('is taken but for what is damaged or hostile, which is named', async () => {
    truncateSync(at('old/backup_20250102_020000.tar.gz'), 5000);
    writeFileSync(at('old/backup_20250104_020000.tar.gz'), Buffer.from([0x1f, 0x8b, 1, 2, 3]));
    const { status, json } = await importing('old');
    expect(status).toBe(3);
    expect(Object.fromEntries(json.imports.map((item) => [item.source, item.status]))).toEqual({
      [at('old/backup_20250101_020000.tar.gz')]: 'imported',
      [at('old/backup_20250102_020000.tar.gz')]: 'failed',
      [at('old/backup_20250103_020000.tar.gz')]: 'imported',
      [at('old/backup_20250104_020000.tar.gz')]: 'failed',
    });
    for (const { status: state, error } of json.imports)
      if (state === 'failed') expect(error?.code).toBe('BACKUP_DAMAGED');
    expect(await backups()).toHaveLength(2);
    expect(await contentOf('latest', 'app.duckdb')).toEqual(summaries.get('20250103'));
  });

  test('goes on where it was killed', async () => {
    const child = spawn(process.execPath, [BIN, 'import', 'old'], { cwd: folder, stdio: 'ignore' });
    while (!existsSync(at(`b/backup_${days[0]}_020000.json`))) await sleep(5);
    child.kill('SIGKILL');
    await once(child, 'close');
    const listed = (await backups()).map(({ name }) => name);
    expect(listed.at(-1)).toBe(`backup_${days[0]}_020000`);
    const { status, json } = await importing('old');
    expect(status).toBe(0);
    expect(json.imports.map((item) => item.status)).toEqual(
      days.map((_day, place) => (place < listed.length ? 'present' : 'imported')),
    );
    for (const { name } of await backups())
      expect(await contentOf(name, 'app.duckdb')).toEqual(summaries.get(name.slice(7, 15)));
    expect(readdirSync(at('temp'))).toEqual([]);
  });

  test('is only looked at with --dry-run', async () => {
    const { status, json } = await importing('old', '--dry-run');
    expect(status).toBe(0);
    expect(json).toMatchObject({ dryRun: true, imports: [{ status: 'planned' }, {}, {}] });
    expect(existsSync(at('b'))).toBe(false);
  });

  test('is warned of if the retention rules would remove it again', async () => {
    writeFileSync(
      at('quackup.yaml'),
      'backup: { tempDir: temp }\nretention: { keepDays: 30, minCount: 1 }\n',
    );
    const { status, stdout } = await runIn(folder, ['import', 'old']);
    expect(status).toBe(0);
    expect(stdout).toContain('would remove 2 imported backups again');
    const cleaned = (await runJson(folder, ['cleanup', '--dry-run'])).json as CleanupReport;
    expect(cleaned.removed).toHaveLength(2);
  });
});

test('an archive with one bad database among good ones gives a backup of the good ones, and says so', async () => {
  for (const name of ['a.duckdb', 'b.duckdb'])
    await runSql(at(name), ['CREATE TABLE t AS SELECT i FROM range(50000) r(i)']);
  const good = await querySummary(at('a.duckdb'));
  const bytes = readFileSync(at('b.duckdb'));
  bytes[12288 + 5000] = (bytes[12288 + 5000] ?? 0) ^ 1;
  writeFileSync(at('b.duckdb'), bytes);
  writeOpenQuantArchive(at('old/backup_x.tar.gz'), '2025-01-01T00:00:00+00:00', [
    at('a.duckdb'),
    at('b.duckdb'),
  ]);
  const { status, json } = await importing('old');
  expect(status).toBe(3);
  expect(json.imports).toMatchObject([
    {
      status: 'failed',
      backup: 'backup_20250101_000000',
      databases: [
        { name: 'a.duckdb', status: 'ok', tables: 1, rows: 50000 },
        {
          name: 'b.duckdb',
          status: 'failed',
          error: { code: 'DATABASE_DAMAGED', hint: expect.stringContaining('another copy') as string },
        },
      ],
    },
  ]);
  expect(await backups()).toMatchObject([{ databases: ['a.duckdb'], failedDatabases: ['b.duckdb'] }]);
  expect(await contentOf('backup_20250101_000000', 'a.duckdb')).toEqual(good);
});

describe('a folder that EXPORT DATABASE wrote', () => {
  const source = [
    'CREATE SCHEMA s',
    'CREATE TABLE s.t AS SELECT i, md5(i::VARCHAR) AS h, i % 2 = 0 AS even FROM range(20000) r(i)',
    "CREATE TABLE u (id INTEGER PRIMARY KEY, name VARCHAR); INSERT INTO u VALUES (1, 'ä ''quoted'''), (2, NULL)",
    'CREATE VIEW v AS SELECT * FROM u',
  ];

  test.each(['parquet', 'csv'])(
    'in %s is imported, restores to the same rows, and only once',
    async (format) => {
      await runSql(at('app.duckdb'), [...source, `EXPORT DATABASE '${at('old/app')}' (FORMAT ${format})`]);
      const then = new Date('2025-03-04T05:06:07Z');
      for (const name of readdirSync(at('old/app'))) utimesSync(at(`old/app/${name}`), then, then);
      const { status, json } = await importing('old/app');
      expect({ status, imports: json.imports }).toMatchObject({
        status: 0,
        imports: [{ kind: 'export', backup: 'backup_20250304_050607', databases: [{ name: 'app.duckdb' }] }],
      });
      // The configuration has a database of that name: it is taken for that.
      expect(json.imports[0]?.databases[0]?.path).toBe(at('data/app.duckdb'));
      expect(await contentOf('latest', 'app.duckdb')).toEqual(await querySummary(at('app.duckdb')));
      expect((await importing('old')).json.imports).toMatchObject([{ status: 'present' }]);
      expect(readdirSync(at('temp'))).toEqual([]);
    },
  );

  test('with intervals in Parquet says that they are cut', async () => {
    await runSql(at('app.duckdb'), [
      "CREATE TABLE t AS SELECT INTERVAL '1.234567 seconds' AS span",
      `EXPORT DATABASE '${at('old/app')}' (FORMAT parquet)`,
    ]);
    const { json } = await importing('old/app');
    expect(json.imports[0]?.notes.join()).toContain('t.span');
  });

  test.each([
    ['reads another file', "CREATE TABLE x AS SELECT * FROM read_text('SECRET')"],
    ['writes outside', "COPY (SELECT 1 AS x) TO 'OUT'"],
    ['attaches another database', "ATTACH 'SECRET' AS other"],
    ['loads an extension', "LOAD 'SECRET'"],
    ['installs an extension', 'INSTALL httpfs'],
    ['opens the door again', 'SET enable_external_access = true'],
    ['allows itself a folder', "SET allowed_directories = ['/']"],
    ['takes secrets of the environment', "CREATE TABLE x AS SELECT getenv('HOME')"],
  ])('whose SQL %s is refused, and has reached nothing', async (_title, sql) => {
    writeFileSync(at('secret'), 'secret');
    mkdirSync(at('old/app'));
    writeFileSync(
      at('old/app/schema.sql'),
      sql.replaceAll('SECRET', at('secret')).replaceAll('OUT', at('stolen')),
    );
    writeFileSync(at('old/app/load.sql'), '');
    const { status, json } = await importing('old/app');
    expect(status).toBe(1);
    expect(json.imports).toMatchObject([{ status: 'failed', error: { code: 'IMPORT_REFUSED' } }]);
    expect(existsSync(at('stolen'))).toBe(false);
    expect(readdirSync(at('old/app')).toSorted()).toEqual(['load.sql', 'schema.sql']);
    expect(await backups()).toEqual([]);
  });

  test('whose SQL writes into the folder writes to a copy of it', async () => {
    mkdirSync(at('old/app'));
    writeFileSync(at('old/app/schema.sql'), `CREATE TABLE t(i INTEGER); COPY t TO 'written.csv';`);
    writeFileSync(at('old/app/load.sql'), '');
    await importing('old/app');
    expect(readdirSync(at('old/app')).toSorted()).toEqual(['load.sql', 'schema.sql']);
    expect(existsSync(at('written.csv'))).toBe(false);
  });

  test('with a link in it is refused', async () => {
    await runSql(at('app.duckdb'), [...source, `EXPORT DATABASE '${at('old/app')}'`]);
    symlinkSync('/etc/passwd', at('old/app/x.csv'));
    expect((await importing('old/app')).json.imports).toMatchObject([
      { status: 'failed', error: { code: 'IMPORT_REFUSED' } },
    ]);
  });
});

describe('a copied database file', () => {
  test('with its WAL is a backup of the time of the newest of its files', async () => {
    await runSql(at('old/my.duckdb'), [
      'CREATE TABLE t AS SELECT i FROM range(30000) r(i)',
      'CHECKPOINT',
      'PRAGMA disable_checkpoint_on_shutdown',
      'INSERT INTO t VALUES (-1)',
    ]);
    utimesSync(at('old/my.duckdb'), new Date('2025-01-01T00:00:00Z'), new Date('2025-01-01T00:00:00Z'));
    utimesSync(at('old/my.duckdb.wal'), new Date('2025-01-02T03:04:05Z'), new Date('2025-01-02T03:04:05Z'));
    const before = readFileSync(at('old/my.duckdb'));
    const { status, json } = await importing('old');
    expect({ status, imports: json.imports, skipped: json.skipped }).toMatchObject({
      status: 0,
      imports: [{ kind: 'copy', backup: 'backup_20250102_030405', databases: [{ rows: 30001 }] }],
      skipped: [],
    });
    expect(readFileSync(at('old/my.duckdb')).equals(before)).toBe(true);
    expect(await contentOf('latest', 'my.duckdb')).toEqual(
      await querySummary(at('old/my.duckdb'), { access: 'read-write' }),
    );
  });

  test('is what --as and --time say', async () => {
    await runSql(at('old/app-monday.duckdb'), ['CREATE TABLE t AS SELECT 1 AS i']);
    const args = ['old/app-monday.duckdb', '--as', 'data/app.duckdb', '--time', '2024-02-29T12:00:00+02:00'];
    expect((await importing(...args)).json.imports).toMatchObject([
      {
        status: 'imported',
        backup: 'backup_20240229_100000',
        databases: [{ name: 'app.duckdb', path: at('data/app.duckdb') }],
      },
    ]);
    const future = await importing('old/app-monday.duckdb', '--time', '2999-01-01');
    expect(future).toMatchObject({ status: 1, json: { imports: [{ error: { code: 'IMPORT_REFUSED' } }] } });
    expect((await runIn(folder, ['import', 'old', '--time', 'yesterday'])).status).toBe(2);
  });

  test.each(['1.1-default-16k', '1.2-latest-256k', '1.3-default-256k', '1.4-latest-16k', '1.5-latest-16k'])(
    'of DuckDB %s, with the WAL of a crash, is imported with all of its rows',
    async (name) => {
      putGolden(name, 'duckdb', at('old/g.duckdb'));
      putGolden(name, 'wal', at('old/g.duckdb.wal'));
      const { status, json } = await importing('old');
      expect({ status, imports: json.imports }).toMatchObject({
        status: 0,
        imports: [{ status: 'imported' }],
      });
      const rows = Object.values(goldenRows(name)).reduce((sum, each) => sum + each, 0);
      expect(json.imports[0]?.databases[0]?.rows).toBe(rows);
    },
  );

  test('with the WAL of another database is refused', async () => {
    putGolden('1.5-latest-16k', 'duckdb', at('old/g.duckdb'));
    putGolden('1.4-latest-16k', 'wal', at('old/g.duckdb.wal'));
    const { status, json } = await importing('old');
    expect(status).toBe(3);
    expect(json.imports).toMatchObject([{ status: 'failed', databases: [{ status: 'failed' }] }]);
    expect(json.imports[0]?.databases[0]?.error?.message).toContain('another state');
    expect(await backups()).toEqual([]);
  });

  test('that is encrypted, or newer than the engine, is refused', async () => {
    putGolden('1.5-encrypted', 'duckdb', at('old/e.duckdb'));
    const { status, json } = await importing('old');
    expect(status).toBe(1);
    expect(json.imports[0]?.databases[0]?.error?.message).toContain('encrypted');
  });

  test('with a flipped bit in a block in use is refused', async () => {
    await runSql(at('old/my.duckdb'), ['CREATE TABLE t AS SELECT i FROM range(30000) r(i)']);
    const bytes = readFileSync(at('old/my.duckdb'));
    bytes[12288 + 4000] = (bytes[12288 + 4000] ?? 0) ^ 4;
    writeFileSync(at('old/my.duckdb'), bytes);
    expect(await importing('old')).toMatchObject({ status: 3, json: { imports: [{ status: 'failed' }] } });
    expect(await backups()).toEqual([]);
  });

  test('that a process has open is no copy', async () => {
    await using writer = await startWriter(at('old/my.duckdb'), { commitsPerSecond: 1 });
    const { json } = await importing('old');
    expect(json.imports).toMatchObject([
      {
        status: 'failed',
        error: { code: 'IMPORT_REFUSED', hint: expect.stringContaining('quackup backup') as string },
      },
    ]);
    await writer.stop();
  });
});

test('a place with nothing to import is an error that says what could be', async () => {
  writeFileSync(at('old/readme.txt'), 'x');
  for (const path of ['old', 'old/readme.txt', 'nowhere']) {
    const { status, stderr } = await runIn(folder, ['import', path]);
    expect(status).toBe(1);
    expect(stderr).toContain('IMPORT_NOTHING');
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^try: /);
  }
});
