/** Every check of `quackup doctor`, with the thing really broken; and a healthy place, where nothing is. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { DoctorCheck } from '@quackup/core';
import { runSql, startWriter } from '@quackup/fixtures';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { putGolden } from './support/golden.ts';
import { runIn, runJson } from './support/run-in.ts';

const DENYING = fileURLToPath(new URL('./support/denying-target.ts', import.meta.url));
const LONG_AGO = new Date('2020-01-01T00:00:00Z');
const HOUR_MS = 3_600_000;

let template = '';
let folder = '';
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  template = realpathSync(mkdtempSync(join(tmpdir(), 'quackup-healthy-')));
  mkdirSync(join(template, 'data'));
  mkdirSync(join(template, 'temp'));
  await runSql(join(template, 'data/good.duckdb'), [
    'CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS s FROM range(20000) r(i)',
  ]);
  writeFileSync(join(template, 'quackup.yaml'), configuration('data/good.duckdb'));
  expect((await runIn(template, ['daily'])).status).toBe(0);
});
afterAll(() => rmSync(template, { recursive: true, force: true }));
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'quackup-doctor-')));
  cpSync(template, folder, { recursive: true, preserveTimestamps: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function configuration(databases: string, targets = 'local: { type: local, path: b }', more = ''): string {
  return `databases: [${databases}]\ntargets:\n  ${targets}\nbackup: { targets: [local], tempDir: temp }\n${more}\n`;
}

interface Diagnosis {
  readonly status: number;
  readonly checks: readonly DoctorCheck[];
  /** The checks of a name, in short: `status message`, for one subject. */
  readonly of: (name: string, subject?: string) => string;
}

async function doctor(now?: () => Date, ...args: readonly string[]): Promise<Diagnosis> {
  const { status, json } = await runJson(folder, ['doctor', ...args], now);
  const { checks } = json as { checks: DoctorCheck[] };
  for (const check of checks) {
    expect(check.message).not.toBe('');
    // Whatever is not well comes with something to try.
    if (check.status !== 'OK') expect(check.hint, check.name).toBeTypeOf('string');
  }
  // A monitor can keep each by its name and what it is about.
  expect(new Set(checks.map((check) => `${check.name} ${check.subject}`)).size).toBe(checks.length);
  for (const { name, subject } of checks) {
    const sameName = checks.filter((check) => check.name === name);
    if (sameName.length > 1) expect(subject, `${name}: of what`).toBeTypeOf('string');
  }
  expect(status).toBe(checks.some((check) => check.status === 'FAILED') ? (checks.length === 1 ? 2 : 1) : 0);
  const of = (name: string, subject?: string): string =>
    checks
      .filter((check) => check.name === name && (subject === undefined || check.subject === subject))
      .map((check) => `${check.status} ${check.message}`)
      .join('\n');
  return { status, checks, of };
}

test('a healthy place gives only OK, and is as it was', async () => {
  const before = allIn(at('b'));
  const { status, checks } = await doctor();
  expect(checks.filter((check) => check.status !== 'OK')).toEqual([]);
  expect(status).toBe(0);
  expect(checks.length).toBeGreaterThan(20);
  expect(allIn(at('b'))).toEqual(before);
  const { stdout } = await runIn(folder, ['doctor', '--quiet']);
  expect(stdout.split('\n')).toHaveLength(2);
});

test('a configuration that cannot be used is one FAILED line, with its place, and exit code 2', async () => {
  writeFileSync(at('quackup.yaml'), 'databases: []\nretenton: {}\n');
  const { status, checks } = await doctor();
  expect(status).toBe(2);
  expect(checks).toMatchObject([
    { name: 'config', status: 'FAILED', message: expect.stringContaining('quackup.yaml:2:1') as string },
  ]);
  expect((await runIn(folder, ['doctor', '--max-age', 'soon'])).status).toBe(2);
});

test('channels: their secrets are looked for, and nothing is sent', async () => {
  const channels = (...urls: readonly string[]): void =>
    writeFileSync(
      at('quackup.yaml'),
      configuration(
        'data/good.duckdb',
        undefined,
        `notifications: { ${urls.map((url, index) => `c${index}: { type: webhook, url: ${url} }`).join(', ')} }`,
      ),
    );
  writeFileSync(at('url'), 'http://127.0.0.1:9/', { mode: 0o600 });
  channels('{ file: url }', '{ file: gone }', '{ env: QUACKUP_TEST_NOT_SET }');
  const { status, of } = await doctor();
  expect(status).toBe(1);
  expect(of('notifications', 'c0')).toBe('OK webhook, and its secrets are there; nothing was sent');
  expect(of('notifications', 'c1')).toMatch(/^FAILED "url": the file .*gone cannot be read/);
  expect(of('notifications', 'c2')).toMatch(/^FAILED .*QUACKUP_TEST_NOT_SET is not set/);
  channels('nonsense');
  expect((await doctor()).of('notifications')).toMatch(/^FAILED .*quackup\.yaml:\d/);
});

test('without a configuration, and without databases, it says so', async () => {
  rmSync(at('quackup.yaml'));
  const { of } = await doctor();
  expect(of('config')).toMatch(/^WARN there is no /);
  expect(of('databases')).toMatch(/^FAILED there is no database/);
});

test('databases that are broken in every way are told apart', async () => {
  const data = (name: string): string => at(`data/${name}.duckdb`);
  const copyOfGood = (name: string): void => cpSync(data('good'), data(name));
  writeFileSync(data('text'), 'not a database at all'.repeat(1000));
  copyOfGood('torn');
  flip(data('torn'), 5000);
  copyOfGood('cut');
  truncateSync(data('cut'), 300_000);
  copyOfGood('newer');
  patchVersion(data('newer'), 69n);
  writeFileSync(`${data('lost')}.wal`, 'x');
  putGolden('1.5-latest-16k', 'duckdb', data('alien'));
  putGolden('1.4-latest-16k', 'wal', `${data('alien')}.wal`);
  putGolden('1.5-default-16k', 'duckdb', data('badwal'));
  putGolden('1.5-default-16k', 'wal', `${data('badwal')}.wal`);
  flip(`${data('badwal')}.wal`, 200);
  putGolden('1.5-default-16k', 'duckdb', data('tornwal'));
  putGolden('1.5-default-16k', 'wal', `${data('tornwal')}.wal`);
  truncateSync(`${data('tornwal')}.wal`, readFileSync(`${data('tornwal')}.wal`).length - 20);
  putGolden('1.5-default-16k', 'duckdb', data('oldwal'));
  putGolden('1.5-default-16k', 'wal', `${data('oldwal')}.wal`);
  utimesSync(`${data('oldwal')}.wal`, LONG_AGO, LONG_AGO);
  copyOfGood('nowal');
  mkdirSync(`${data('nowal')}.wal`);
  copyOfGood('crashed');
  writeFileSync(`${data('crashed')}.wal.checkpoint`, '');
  copyOfGood('recovering');
  writeFileSync(`${data('recovering')}.wal.recovery`, '');
  putGolden('1.5-encrypted', 'duckdb', data('encrypted'));
  copyOfGood('restoring');
  writeFileSync(`${data('restoring')}.quackup-restore.json`, journal('switching'));
  copyOfGood('writing');
  writeFileSync(`${data('writing')}.quackup-restore.json`, '{"format":1,');
  copyOfGood('left');
  writeFileSync(`${data('left')}.quackup-new`, 'x');
  copyOfGood('kept');
  writeFileSync(`${data('kept')}.bak-20260101_000000`, 'x'.repeat(2048));
  writeFileSync(
    at('quackup.yaml'),
    configuration('data/*.duckdb, data/lost.duckdb, "data/*.nothing", "data/*.none", data/gone.duckdb'),
  );
  const { of } = await doctor();
  expect(of('databases')).toMatch(
    /^WARN .*data\/\*\.nothing" matches no file.*\n.*data\/\*\.none" matches no file/,
  );
  const expected: Record<string, readonly [string, RegExp]> = {
    text: ['database-file', /^FAILED .* is not a DuckDB database/],
    torn: ['database-file', /^FAILED .* is damaged on disk/],
    cut: ['database-file', /^FAILED .* (was cut off|is damaged on disk)/],
    gone: ['database-file', /^FAILED there is no database/],
    lost: ['database-sidecars', /^FAILED .*lost\.duckdb is not there, but .*lost\.duckdb\.wal is/],
    newer: ['database-version', /^WARN its storage version 69 needs a newer DuckDB/],
    encrypted: ['database-version', /^OK .*encrypted/],
    alien: ['database-wal', /^FAILED .*belongs to another state/],
    badwal: ['database-wal', /^FAILED .*is damaged behind byte/],
    tornwal: ['database-wal', /^WARN .*ends within a commit/],
    oldwal: ['database-wal', /^WARN .*older than the database/],
    nowal: ['database-wal', /^FAILED the WAL cannot be read/],
    crashed: ['database-sidecars', /^WARN .*crashed\.duckdb\.wal\.checkpoint: a crash/],
    recovering: ['database-sidecars', /^WARN .*recovery/],
    restoring: ['database-restore', /^FAILED a restore of backup_20260101_000000 .* was cut off/],
    writing: ['database-restore', /^WARN .*was cut off while it was written/],
    left: ['database-restore', /^WARN files of a restore are left.*left\.duckdb\.quackup-new/],
    kept: ['database-restore', /^OK 1 files .* take 2\.0 KiB/],
    good: ['database-file', /^OK/],
  };
  for (const [name, [check, message]] of Object.entries(expected))
    expect(of(check, `${name}.duckdb`), name).toMatch(message);
});

test('whoever has a database open is named, and that its WAL was removed under it', async () => {
  await using writer = await startWriter(at('data/held.duckdb'), { commitsPerSecond: 20, importRows: 0 });
  writeFileSync(at('quackup.yaml'), configuration('data/held.duckdb'));
  await writer.waitFor(3);
  const held = await doctor();
  expect(held.of('database-lock')).toMatch(/^OK open in process \d+ \(.*node.*\), which may write$/);
  expect(held.of('database-file')).toMatch(/^OK/);
  expect(held.of('database-wal')).toMatch(/^OK/);
  rmSync(at('data/held.duckdb.wal'));
  expect((await doctor()).of('database-wal')).toMatch(
    /^FAILED .*held\.duckdb\.wal was removed while process/,
  );
  await writer.kill();
});

test('targets that cannot be used are told apart', async () => {
  writeFileSync(at('file'), '');
  const targets = [
    'local: { type: local, path: b }',
    'infile: { type: local, path: file/b }',
    'nowhere: { type: local, path: no/such/folder }',
    'unknown: { type: s3, bucket: b, endpoint: "http://127.0.0.1:9", region: r, accessKeyId: a, secretAccessKey: b }',
    `nolist: ${deny('list')}`,
    `nodelete: ${deny('delete')}`,
  ];
  writeFileSync(at('quackup.yaml'), configuration('data/good.duckdb', targets.join('\n  ')));
  const { of } = await doctor();
  expect(of('target-reachable', 'local')).toMatch(/^OK/);
  for (const name of ['infile', 'nowhere', 'unknown'])
    expect(of('target-reachable', name), name).toMatch(/^FAILED/);
  expect(of('target-permissions', 'nolist')).toMatch(/^FAILED list: .*not allowed/);
  expect(of('target-permissions', 'nodelete')).toMatch(/^FAILED delete: .*not allowed/);
  // The probes that could not be deleted are what is left, and are told of.
  expect((await doctor()).of('target-leases', 'local')).toMatch(/^WARN .*leases\/probe_/);
});

test('on a target of which not everything may be done nothing more is tried', async () => {
  const targets = [
    'local: { type: local, path: b, access: append-only }',
    'blind: { type: local, path: c, access: write-only }',
  ];
  writeFileSync(at('quackup.yaml'), configuration('data/good.duckdb', targets.join('\n  ')));
  const before = allIn(at('b'));
  const { status, checks, of } = await doctor();
  expect(checks.filter((check) => check.status !== 'OK')).toEqual([]);
  expect(status).toBe(0);
  expect(of('backup-age', 'local')).toMatch(/^OK the last complete backup/);
  expect(of('backup-age', 'blind')).toMatch(/^OK .*may only write there/);
  expect(allIn(at('b'))).toEqual(before);
});

test.each([
  ['a minute apart', 60_000, /^WARN its clock is (5\d|60) seconds behind/],
  ['10 minutes apart', 600_000, /^FAILED its clock is 10 minutes behind/],
  ['10 minutes ahead', -600_000, /^FAILED its clock is 10 minutes ahead of/],
])('a target whose clock is %s is found', async (_title, offsetMs, message) => {
  const { of } = await doctor(() => new Date(Date.now() + offsetMs));
  expect(of('target-clock')).toMatch(message);
});

test('backups that are old, or were not read for long, are found', async () => {
  const later = await doctor(() => new Date(Date.now() + 30 * HOUR_MS));
  expect(later.of('backup-age')).toMatch(/^FAILED .* is 30 hours old; 26 hours are allowed/);
  expect(later.of('backup-verified')).toMatch(/^OK/);
  writeFileSync(
    at('quackup.yaml'),
    configuration(
      'data/good.duckdb',
      undefined,
      'schedule: { cron: "0 2 * * 1-5", timeZone: UTC, jitter: 1h }',
    ),
  );
  // From Friday to Monday, and three hours.
  const weekend = await doctor(() => new Date(Date.now() + 74 * HOUR_MS));
  expect(weekend.of('backup-age')).toMatch(/^OK/);
  const monday = await doctor(() => new Date(Date.now() + 76 * HOUR_MS));
  expect(monday.of('backup-age')).toMatch(/^FAILED .* 75 hours are allowed/);
  const allowed = await doctor(() => new Date(Date.now() + 30 * HOUR_MS), '--max-age', '31h');
  expect(allowed.of('backup-age')).toMatch(/^OK/);
  const muchLater = await doctor(() => new Date(Date.now() + 9 * 24 * HOUR_MS));
  expect(muchLater.of('backup-verified')).toMatch(/^WARN the last backup that was restored and read/);
  const earlier = await doctor(() => new Date(Date.now() - HOUR_MS));
  expect(earlier.of('backup-age')).toMatch(/^WARN .*is of the future/);
});

test('a target without backups protects nobody', async () => {
  rmSync(at('b'), { recursive: true });
  const { of } = await doctor();
  expect(of('backup-age')).toMatch(/^FAILED there is no complete backup/);
  expect(of('target-reachable')).toMatch(/^OK/);
});

test('backups that were never read, are damaged, or lack a database are found, and what runs have left', async () => {
  const [name = ''] = readdirSync(at('b')).flatMap(
    (file) => /^(backup_\d+_\d+)\.json$/.exec(file)?.[1] ?? [],
  );
  rmSync(at(`b/${name}.verified.json`));
  writeFileSync(at('b/backup_20200101_000000.tar.zst'), 'cut off');
  mkdirSync(at('b/.tmp'), { recursive: true });
  writeFileSync(at(`b/.tmp/${'0'.repeat(32)}.part`), 'x'.repeat(1024));
  utimesSync(at(`b/.tmp/${'0'.repeat(32)}.part`), LONG_AGO, LONG_AGO);
  mkdirSync(at('b/leases'), { recursive: true });
  writeFileSync(at('b/leases/backup_20200101_000000.json'), '{}');
  utimesSync(at('b/leases/backup_20200101_000000.json'), LONG_AGO, LONG_AGO);
  mkdirSync(at('temp/quackup-99999999-1-00000000-abcdef'));
  utimesSync(at('temp/quackup-99999999-1-00000000-abcdef'), LONG_AGO, LONG_AGO);
  cpSync(at('data/good.duckdb'), at('data/more.duckdb'));
  writeFileSync(at('quackup.yaml'), configuration('data/good.duckdb, data/more.duckdb'));
  const { of } = await doctor();
  expect(of('backup-verified')).toMatch(/^WARN no backup there was ever restored and read/);
  expect(of('backup-content')).toMatch(/^FAILED the newest backup, .* is without more\.duckdb/);
  expect(of('target-leftovers')).toMatch(
    /^WARN .*1 object of no backup \(backup_20200101_000000\.tar\.zst\) and 1 unfinished write of 1\.0 KiB/,
  );
  expect(of('target-leases')).toMatch(/^WARN .*leases\/backup_20200101_000000\.json/);
  expect(of('temp-leftovers')).toMatch(/^WARN .*quackup-99999999/);
  expect(of('backup-damage')).toMatch(/^OK/);
  appendFileSync(at(`b/${name}.json`), ' ');
  const damaged = await doctor();
  expect(damaged.of('backup-damage')).toMatch(/^FAILED .* cannot be restored/);
  expect(damaged.of('backup-age')).toMatch(/^FAILED there is no complete backup/);
});

test('rules that keep next to nothing are found, and a cleanup that would remove almost all', async () => {
  await runIn(folder, ['backup']);
  await runIn(folder, ['backup']);
  // The newest that was verified would stay besides.
  for (const name of allIn(at('b'))) if (name.endsWith('.verified.json')) rmSync(at(`b/${name}`));
  writeFileSync(
    at('quackup.yaml'),
    configuration('data/good.duckdb', undefined, 'retention: { keepLast: 1 }'),
  );
  const { of } = await doctor();
  expect(of('retention')).toMatch(/^WARN the rules keep a single backup/);
  expect(of('backup-retention')).toMatch(/^WARN the next cleanup would remove 2 of 3 backups/);
  writeFileSync(at('quackup.yaml'), configuration('data/good.duckdb', undefined, 'retention: {}'));
  expect((await doctor()).of('retention')).toMatch(/^OK the rules remove nothing/);
});

test('a temporary folder that is none is found', async () => {
  rmSync(at('temp'), { recursive: true });
  writeFileSync(at('temp'), '');
  expect((await doctor()).of('temp-folder')).toMatch(/^FAILED nothing can be written to .*is not a folder/);
});

const whyNoMount = tryMount();
if (whyNoMount !== undefined) console.warn(`skipped, since nothing can be mounted here: ${whyNoMount}`);
test.skipIf(whyNoMount !== undefined)(
  'a target that is full, or read-only, and a temporary folder that is too small',
  async () => {
    mkdirSync(at('disk'));
    mount('-t', 'tmpfs', '-o', 'size=262144', 'tmpfs', at('disk'));
    try {
      mkdirSync(at('disk/temp'));
      writeFileSync(
        at('quackup.yaml'),
        configuration('data/good.duckdb', 'local: { type: local, path: disk }').replace(
          'tempDir: temp',
          'tempDir: disk/temp',
        ),
      );
      const small = await doctor();
      expect(small.of('target-space')).toMatch(/^FAILED .*disk has 256\.0 KiB free/);
      expect(small.of('temp-folder')).toMatch(/^WARN .*verified by a scan takes/);
      await using writer = await startWriter(at('data/good.duckdb'), { commitsPerSecond: 1, importRows: 0 });
      expect((await doctor()).of('temp-folder')).toMatch(/^FAILED .*a backup of what is in use now takes/);
      await writer.stop();
      fillDisk(at('disk'));
      const full = await doctor();
      expect(full.of('target-reachable')).toMatch(/^FAILED .*write: NO_SPACE/);
      mount('-o', 'remount,ro', at('disk'));
      const readOnly = await doctor();
      expect(readOnly.of('target-reachable')).toMatch(/^FAILED .*write: READ_ONLY/);
      expect(readOnly.of('temp-folder')).toMatch(/^FAILED nothing can be written to .*read-only/);
    } finally {
      spawnSync('umount', [at('disk')]);
    }
  },
);

const deny = (what: string): string => `{ type: ${JSON.stringify(DENYING)}, path: b, deny: [${what}] }`;

function allIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted();
}

function tryMount(): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'quackup-mount-'));
  try {
    mount('-t', 'tmpfs', '-o', 'size=65536', 'tmpfs', place);
    spawnSync('umount', [place]);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function mount(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(error?.message ?? stderr.trim());
}

function fillDisk(path: string): void {
  for (let file = 0; ; file += 1) {
    try {
      writeFileSync(join(path, `ballast-${file}`), Buffer.alloc(4096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Gives a database another storage version, with the checksum that DuckDB would write. */
function patchVersion(path: string, version: bigint): void {
  const bytes = readFileSync(path);
  bytes.writeBigUInt64LE(version, 12);
  let sum = 5381n;
  for (let at8 = 8; at8 < 4096; at8 += 8)
    sum ^= (bytes.readBigUInt64LE(at8) * 0xbf58476d1ce4e5b9n) & 0xffff_ffff_ffff_ffffn;
  bytes.writeBigUInt64LE(sum, 0);
  writeFileSync(path, bytes);
}

/** A journal as a restore writes it, of a boot that is over. */
function journal(phase: 'writing' | 'switching'): string {
  return JSON.stringify({
    format: 1,
    phase,
    backup: 'backup_20260101_000000',
    holder: { place: `${hostname()} 00000000-0000-0000-0000-000000000000 x`, pid: 1, processStart: 1 },
    suffix: '.bak-20260101_000000',
    oldFiles: ['database'],
    newFiles: ['database'],
  });
}
