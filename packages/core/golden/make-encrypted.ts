/**
 * Makes the golden backups of format 2, which are encrypted, in `golden/format-2/`:
 *
 *     identity.txt               the key that opens them; it protects nothing
 *     CASE/backup_....tar.zst.age   the archives: a full backup, and an incremental one that needs it
 *     CASE/backup_....json          their manifests
 *     CASE/expected.json            what a restore of each must give: see EncryptedExpected
 *
 * Run by hand, from `packages/core`, only to add a case: `node golden/make-encrypted.ts`. A case that exists is never written again.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { formatIdentity, generateIdentity, type KeyIdentity, parseIdentities, recipientOf } from '@quackup/age';
import { MemoryTarget } from '@quackup/target-testkit';

import { type Compression, createBackup, restoreBackup } from '../src/index.ts';
import { runSql } from '../test/make-database.ts';

/** Content of `expected.json`. */
export interface EncryptedExpected {
  readonly backups: readonly {
    readonly backup: string;
    readonly kind: 'full' | 'incremental';
    /** Every file that a restore writes, by its name. */
    readonly files: Readonly<Record<string, { readonly sizeBytes: number; readonly sha256: string }>>;
    readonly queries: readonly { readonly sql: string; readonly rows: readonly unknown[] }[];
  }[];
}

const NAME = 'results.duckdb';
const QUERIES = ['SELECT * FROM birds ORDER BY id', 'SELECT count(*) FROM still'];
const MADE = [
  "CREATE TABLE g.birds AS SELECT i::INTEGER AS id, 'Löffelente ' || i AS name FROM range(300) r(i)",
  'CREATE TABLE g.still AS SELECT i, md5(i::VARCHAR) AS s FROM range(6000) r(i)',
  'CHECKPOINT g',
];
/** The second backup of each case is of this state. */
const CHANGED = ["UPDATE g.birds SET name = 'changed' WHERE id = 7", 'CHECKPOINT g'];
const IN_WAL = ["INSERT INTO g.birds VALUES (1000, 'only in the WAL')", 'DELETE FROM g.birds WHERE id < 3'];

interface GoldenCase {
  readonly name: string;
  readonly compression: Compression;
  readonly first: readonly string[];
  readonly second: readonly string[];
}

const cases: readonly GoldenCase[] = [
  { name: 'zstd', compression: { algorithm: 'zstd', level: 3 }, first: MADE, second: CHANGED },
  { name: 'gzip', compression: { algorithm: 'gzip', level: 6 }, first: MADE, second: CHANGED },
  { name: 'none', compression: { algorithm: 'none' }, first: MADE, second: CHANGED },
  {
    name: 'wal',
    compression: { algorithm: 'zstd', level: 3 },
    first: [...MADE, ...IN_WAL],
    second: ["UPDATE g.birds SET name = 'in the WAL too' WHERE id = 9"],
  },
];

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function make({ compression, first, second }: GoldenCase, out: string, key: KeyIdentity): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-golden-'));
  try {
    const path = join(folder, NAME);
    const target = { name: 'memory', target: new MemoryTarget() };
    const backups: EncryptedExpected['backups'][number][] = [];
    for (const [number, statements] of [first, second].entries()) {
      runSql(':memory:', `ATTACH '${path}' AS g (BLOCK_SIZE 16384)`, ...statements);
      const now = new Date(Date.UTC(2026, 1, 1 + number, 2, 3, 4));
      const { backup, kind } = await createBackup({
        databases: [{ name: NAME, path }],
        targets: [target],
        compression,
        encryption: { recipients: [await recipientOf(key)] },
        memoryDir: join(folder, 'memory'),
        clock: { now: () => now },
      });
      const restoreDir = join(folder, backup);
      await restoreBackup(target, backup, { restoreDir, keys: async () => [key] });
      const files = readdirSync(restoreDir).map((file) => {
        const bytes = readFileSync(join(restoreDir, file));
        return [file, { sizeBytes: bytes.length, sha256: sha256(bytes) }] as const;
      });
      // Asked of a copy: what answers takes the WAL into the database.
      const asked = join(folder, `${backup}-asked`);
      await restoreBackup(target, backup, { restoreDir: asked, keys: async () => [key] });
      const queries = QUERIES.map((sql) => ({ sql, rows: runSql(join(asked, NAME), sql) }));
      backups.push({ backup, kind, files: Object.fromEntries(files), queries });
    }
    if (backups.map(({ kind }) => kind).join() !== 'full,incremental') throw new Error('not as it should be');
    mkdirSync(out, { recursive: true });
    for (const [object, content] of target.target.objects) {
      if (!object.includes('/')) writeFileSync(join(out, object), content, { flag: 'wx' });
    }
    writeFileSync(join(out, 'expected.json'), `${JSON.stringify({ backups })}\n`, { flag: 'wx' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const here = join(dirname(fileURLToPath(import.meta.url)), 'format-2');
const keyFile = join(here, 'identity.txt');
if (!existsSync(keyFile)) {
  mkdirSync(here, { recursive: true });
  writeFileSync(keyFile, await formatIdentity(await generateIdentity(), new Date()));
}
const [key] = parseIdentities(readFileSync(keyFile, 'utf8'));
if (key === undefined) throw new Error('there is no key');
for (const golden of cases) {
  const out = join(here, golden.name);
  if (existsSync(out)) process.stdout.write(`${golden.name}: exists, left alone\n`);
  else await make(golden, out, key);
}
