/**
 * Makes the golden backups of format 1, in `golden/format-1/CASE/`:
 *
 *     backup_....tar.zst    the archive (.tar.gz, .tar)
 *     backup_....json       the manifest
 *     expected.json         what a restore must give: see Expected
 *
 * Run by hand, from `packages/core`, only to add a case:
 *
 *     node golden/make.ts
 *
 * A case that exists is never written again, whatever the code does by now: that is what makes it golden.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MemoryTarget } from '@quackup/target-testkit';

import { type Compression, createBackup, restoreBackup } from '../src/index.ts';
import { runSql } from '../test/make-database.ts';

interface GoldenDatabase {
  readonly name: string;
  /** Run with the database attached as `g` in blocks of 16 KiB; the process is then killed. */
  readonly statements: readonly string[];
  /** Their rows are the expected content. */
  readonly queries: readonly string[];
}

interface GoldenCase {
  readonly name: string;
  readonly compression: Compression;
  readonly databases: readonly GoldenDatabase[];
}

/** Content of `expected.json`. */
export interface Expected {
  readonly backup: string;
  readonly databases: readonly {
    readonly name: string;
    /** Every file that a restore writes, by its name. */
    readonly files: Readonly<Record<string, { readonly sizeBytes: number; readonly sha256: string }>>;
    readonly queries: readonly { readonly sql: string; readonly rows: readonly unknown[] }[];
  }[];
}

const BIRDS = ['Stockente', 'Löffelente', 'canard colvert', '鴨', 'утка', "duck's \"quote\""];
const list = BIRDS.map((bird) => `'${bird.replaceAll("'", "''")}'`).join(', ');

const plain: GoldenDatabase = {
  name: 'results.duckdb',
  statements: [
    `CREATE TABLE g.birds AS SELECT i::INTEGER AS id, [${list}][1 + i % ${BIRDS.length}] AS name, i / 4.0 AS weight, DATE '2026-01-01' + i::INTEGER AS seen FROM range(300) r(i)`,
    'CREATE TABLE g.nothing (a INTEGER, b VARCHAR)',
    'USE g',
    'CREATE VIEW heavy AS SELECT name, weight FROM birds WHERE weight > 60',
    'CHECKPOINT g',
  ],
  queries: ['SELECT * FROM birds ORDER BY id', 'SELECT count(*) FROM nothing', 'SELECT count(*) FROM heavy'],
};

const withWal: GoldenDatabase = {
  name: 'trail.duckdb',
  statements: [
    "CREATE TABLE g.log AS SELECT i::INTEGER AS id, 'checkpointed' AS text FROM range(200) r(i)",
    'CHECKPOINT g',
    "INSERT INTO g.log VALUES (1000, 'only in the WAL')",
    "UPDATE g.log SET text = 'changed in the WAL' WHERE id = 7",
    'DELETE FROM g.log WHERE id < 3',
    'CREATE TABLE g.later AS SELECT 42 AS answer',
  ],
  queries: ['SELECT * FROM log ORDER BY id', 'SELECT answer FROM later'],
};

const withHoles: GoldenDatabase = {
  name: 'holes.duckdb',
  statements: [
    'CREATE TABLE g.gone AS SELECT i, hash(i) AS h FROM range(20000) r(i)',
    'CREATE TABLE g.stays AS SELECT i, md5(i::VARCHAR) AS s FROM range(400) r(i)',
    'CHECKPOINT g',
    'DROP TABLE g.gone',
    'CHECKPOINT g',
    'CREATE TABLE g.tail AS SELECT 1 AS one',
    'CHECKPOINT g',
  ],
  queries: ['SELECT i, s FROM stays ORDER BY i', 'SELECT one FROM tail'],
};

const cases: readonly GoldenCase[] = [
  { name: 'zstd', compression: { algorithm: 'zstd', level: 3 }, databases: [plain] },
  { name: 'gzip', compression: { algorithm: 'gzip', level: 6 }, databases: [plain] },
  { name: 'none', compression: { algorithm: 'none' }, databases: [plain] },
  { name: 'wal', compression: { algorithm: 'zstd', level: 3 }, databases: [withWal] },
  { name: 'wal-none', compression: { algorithm: 'none' }, databases: [withWal] },
  { name: 'holes', compression: { algorithm: 'gzip', level: 9 }, databases: [withHoles] },
  {
    name: 'several',
    compression: { algorithm: 'zstd', level: 19 },
    databases: [plain, withWal, { ...withHoles, name: 'no ending' }],
  },
  {
    name: 'non-ascii',
    compression: { algorithm: 'zstd', level: 1 },
    databases: [
      { ...withWal, name: 'données d’été 鴨.duckdb' },
      { ...plain, name: `${'a long name '.repeat(9)}ü.duckdb` },
    ],
  },
];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function make({ compression, databases }: GoldenCase, out: string, day: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-golden-'));
  try {
    for (const { name, statements } of databases) {
      const path = join(folder, name).replaceAll("'", "''");
      runSql(':memory:', `ATTACH '${path}' AS g (BLOCK_SIZE 16384)`, ...statements);
    }
    const target = new MemoryTarget();
    const named = { name: 'memory', target };
    const now = new Date(Date.UTC(2026, 0, day, 2, 3, 4));
    const { backup, databases: reports } = await createBackup({
      databases: databases.map(({ name }) => ({ name, path: join(folder, name) })),
      targets: [named],
      compression,
      clock: { now: () => now },
    });
    const failed = reports.find(({ status }) => status !== 'ok');
    if (failed !== undefined) throw new Error(failed.error?.message);
    const dir = join(folder, 'restored');
    await restoreBackup(named, backup, { restoreDir: dir });
    const expected: Expected = {
      backup,
      databases: databases.map(({ name, queries }) => {
        const files = [name, `${name}.wal`].flatMap((file) => {
          if (!existsSync(join(dir, file))) return [];
          const bytes = readFileSync(join(dir, file));
          return [[file, { sizeBytes: bytes.length, sha256: sha256(bytes) }] as const];
        });
        // Asked of the original, not of the copy that is to be compared with it.
        return {
          name,
          files: Object.fromEntries(files),
          queries: queries.map((sql) => ({ sql, rows: runSql(join(folder, name), sql) })),
        };
      }),
    };
    mkdirSync(out, { recursive: true });
    let bytes = 0;
    for (const [key, content] of target.objects) {
      if (key.includes('/')) continue;
      writeFileSync(join(out, key), content, { flag: 'wx' });
      bytes += content.length;
    }
    writeFileSync(join(out, 'expected.json'), `${JSON.stringify(expected)}\n`, { flag: 'wx' });
    return bytes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const here = join(dirname(fileURLToPath(import.meta.url)), 'format-1');
for (const [number, golden] of cases.entries()) {
  const out = join(here, golden.name);
  if (existsSync(out)) process.stdout.write(`${golden.name}: exists, left alone\n`);
  else process.stdout.write(`${golden.name}: ${await make(golden, out, number + 1)} bytes\n`);
}
