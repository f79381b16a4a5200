/**
 * Everything that an encrypted run writes is searched for what must not be in it: what stands in the database, the secret key,
 * the passphrase. Plaintext by its nature is only the frozen copy and the scratch restore, in `tempDir`, while the run lasts.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable, Writable } from 'node:stream';

import { runSql } from '@quackup/fixtures';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { runCli } from '../src/index.ts';

const RECIPIENT = 'age1x5vlyfcv6negs2mu6hdz72z5fm87fzfclmjascqxr97dtnxz6shqc5jduq';
const SECRET = 'AGE-SECRET-KEY-12V07KZG5QYLF6SRUN3D0DZQL2X7H2V36SFWL8VK9PJ0EKPXHN3ZST4WARP';
/** In a value of a table, and in the names of a table and a column. DuckDB stores them as they are. */
const MARKERS = ['wigeon-value-7f3a', 'teal_table_91c2', 'smew_column_44d0'];
const PASSPHRASE = 'pochard-passphrase-58e1';

let folder = '';
let said = '';

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quackup-secrets-'));
  said = '';
  await runSql(join(folder, 'secret.duckdb'), [
    `CREATE TABLE teal_table_91c2 AS SELECT i, 'wigeon-value-7f3a' || i AS smew_column_44d0 FROM range(5000) r(i)`,
    'CHECKPOINT',
  ]);
  expect(readFileSync(join(folder, 'secret.duckdb')).includes(MARKERS[1] ?? '')).toBe(true);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function configure(encryption: string): void {
  writeFileSync(
    join(folder, 'quackup.yaml'),
    `databases: [secret.duckdb]\ntargets: { local: { type: local, path: backups } }\nbackup: { tempDir: tmp, compression: { algorithm: none } }\nlog: { file: logs/q.log }\n${encryption}\n`,
  );
}

async function run(...args: readonly string[]): Promise<number> {
  const into = new Writable({
    write(piece: Buffer, _encoding, done) {
      said += piece.toString();
      done();
    },
  });
  return runCli(args, {
    stdin: Readable.from([]),
    stdout: into,
    stderr: into,
    env: {
      ...process.env,
      XDG_STATE_HOME: join(folder, 'state'),
      HOME: folder,
      SECRET_KEY: SECRET,
      SECRET_PASSPHRASE: PASSPHRASE,
    },
    cwd: folder,
    now: () => new Date(),
    signal: new AbortController().signal,
  });
}

function filesUnder(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)],
  );
}

/** Names of the files, but for the database itself, that hold one of the texts; as text, in UTF-16, or in Base64. */
function filesWith(texts: readonly string[]): string[] {
  const needles = texts.flatMap((text) => [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    ...[0, 1, 2].map((shift) =>
      Buffer.from(
        Buffer.from('x'.repeat(shift) + text)
          .toString('base64')
          .slice(4, -4),
      ),
    ),
  ]);
  return filesUnder(folder)
    .filter((file) => !relative(folder, file).startsWith('secret.duckdb'))
    .filter((file) => {
      const bytes = readFileSync(file);
      return needles.some((needle) => bytes.includes(needle));
    });
}

test('the search finds what a plain backup tells', async () => {
  configure('');
  expect(await run('backup')).toBe(0);
  expect(filesWith(MARKERS).map((file) => relative(folder, file).replace(/_\d.*?\./, '.'))).toEqual([
    'backups/backup.tar',
  ]);
});

function expectNothingTold(): void {
  expect(filesUnder(join(folder, 'tmp'))).toEqual([]);
  expect(filesWith([...MARKERS, SECRET, PASSPHRASE])).toEqual([]);
  for (const text of [SECRET, PASSPHRASE, ...MARKERS]) expect(said.includes(text), text).toBe(false);
  for (const file of filesUnder(join(folder, 'state'))) expect(statSync(file).mode & 0o077, file).toBe(0);
}

test('with a key nothing that is written tells content or key', async () => {
  configure(`encryption: { recipients: [${RECIPIENT}], identities: { env: SECRET_KEY } }`);
  expect(await run('daily')).toBe(0);
  expect(await run('backup', '--verbose')).toBe(0);
  expect(await run('verify', '--level', 'scan', '--verbose')).toBe(0);
  expect(await run('list', '--json')).toBe(0);
  expect(await run('show', 'latest')).toBe(0);
  expect(await run('restore', 'latest', '--restore-dir', 'nowhere/a\0b', '--verbose')).not.toBe(0);
  expectNothingTold();
});

// Each object that is written or read with a passphrase takes a second: no more of them than it needs.
test('with a passphrase nothing that is written tells content or passphrase', async () => {
  configure('encryption: { passphrase: { env: SECRET_PASSPHRASE } }');
  expect(await run('backup', '--verbose')).toBe(0);
  expect(await run('show', 'latest')).toBe(0);
  expectNothingTold();
});
