import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  cleanupBackups,
  createBackup,
  listBackups,
  type NamedTarget,
  restoreBackup,
  verifyBackup,
} from '../src/index.ts';
import { makeDatabase, runSql, tempFolder } from './make-database.ts';

const folder = tempFolder();
const database = join(folder.path, 'my data é.duckdb');

beforeAll(() => {
  const made = join(folder.path, 'made.duckdb');
  makeDatabase(made);
  copyFileSync(`${made}.small`, database);
  copyFileSync(`${made}.small.wal`, `${database}.wal`);
});
afterAll(() => folder[Symbol.dispose]());

const memory = (): { readonly named: NamedTarget; readonly target: MemoryTarget } => {
  const target = new MemoryTarget();
  return { target, named: { name: 'memory', target } };
};
const source = (): { name: string; path: string } => ({ name: 'my data é.duckdb', path: database });
const at = (day: number): { now(): Date } => ({ now: () => new Date(Date.UTC(2026, 0, day)) });
const count = (path: string): unknown => runSql(path, 'SELECT count(*), sum(j)::VARCHAR, max(s) FROM t')[0];

test.each([
  { algorithm: 'zstd', flag: '--zstd' },
  { algorithm: 'gzip', flag: '--gzip' },
  { algorithm: 'none', flag: undefined },
] as const)(
  'a full $algorithm backup verifies, restores, and unpacks with plain tar',
  async ({ algorithm, flag }) => {
    using place = tempFolder();
    const { named, target } = memory();
    const { backup, databases } = await createBackup({
      databases: [source()],
      targets: [named],
      compression: { algorithm },
    });
    expect(databases).toMatchObject([{ status: 'ok', method: 'at-rest' }]);
    expect(await verifyBackup(named, backup, { level: 'scan' })).toMatchObject({ ok: true, problems: [] });
    expect(await listBackups(named)).toMatchObject([{ name: backup, verified: { level: 'scan' } }]);

    const expected = [12001 + '', expect.anything(), 'only in the WAL'];
    const dir = join(place.path, 'restored');
    await restoreBackup(named, backup, { restoreDir: dir });
    expect(count(join(dir, 'my data é.duckdb'))).toEqual(expected);

    const [key, bytes] = [...target.objects].find(([name]) => name.includes('.tar')) ?? [
      '',
      new Uint8Array(0),
    ];
    const archive = join(place.path, key);
    writeFileSync(archive, bytes);
    execFileSync('tar', [...(flag === undefined ? [] : [flag]), '-xf', archive, '-C', place.path]);
    expect(count(join(place.path, backup, 'my data é.duckdb'))).toEqual(expected);
  },
);

test('a database that fails is reported and the others are backed up', async () => {
  const { named } = memory();
  const text = join(folder.path, 'text.duckdb');
  writeFileSync(text, 'not a database'.repeat(2000));
  const report = await createBackup({
    databases: [source(), { name: 'gone', path: join(folder.path, 'gone') }, { name: 'text', path: text }],
    targets: [named],
  });
  expect(report.databases.map(({ status, error }) => [status, error?.code])).toEqual([
    ['ok', undefined],
    ['failed', 'DATABASE_NOT_FOUND'],
    ['failed', 'NOT_A_DATABASE'],
  ]);
  expect(await listBackups(named)).toMatchObject([{ failedDatabases: ['gone', 'text'] }]);
});

test('a backup of nothing but failures is an error and leaves nothing listed', async () => {
  const { named } = memory();
  const databases = [{ name: 'gone', path: join(folder.path, 'gone') }];
  await expect(createBackup({ databases, targets: [named] })).rejects.toMatchObject({
    code: 'BACKUP_FAILED',
  });
  await expect(createBackup({ databases: [], targets: [named] })).rejects.toMatchObject({
    code: 'NO_DATABASES',
  });
  expect(await listBackups(named)).toEqual([]);
});

test('a restore refuses what is in the way, and with overwrite keeps the old set openable beside it', async () => {
  using place = tempFolder();
  const { named } = memory();
  const { backup } = await createBackup({ databases: [source()], targets: [named] });
  const restored = join(place.path, 'my data é.duckdb');
  runSql(restored, 'CREATE TABLE old AS SELECT 1 AS one');
  const before = readFileSync(restored);
  await expect(restoreBackup(named, backup, { restoreDir: place.path })).rejects.toMatchObject({
    code: 'TARGET_EXISTS',
  });
  expect(readFileSync(restored).equals(before)).toBe(true);
  const { movedAside } = await restoreBackup(named, backup, { restoreDir: place.path, overwrite: true });
  expect(movedAside).toHaveLength(2);
  expect(runSql(movedAside[0] ?? '', 'SELECT one FROM old')).toEqual([[1]]);
  expect(count(restored)).toEqual(['12001', expect.anything(), 'only in the WAL']);
  expect(readdirSync(place.path).filter((name) => name.includes('quackup'))).toEqual([]);
});

test('every mutation of archive, manifest and index is either found by verify or changes nothing', async () => {
  const { named, target } = memory();
  const { backup } = await createBackup({ databases: [source()], targets: [named] });
  const whole = new Map(target.objects);
  const original = Buffer.from(readFileSync(database));
  let found = 0;
  const rounds = 500;
  let seed = 42;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < rounds; round += 1) {
    const damaged = new MemoryTarget();
    const keys = [...whole.keys()];
    const victim = keys[random(keys.length)] ?? '';
    for (const [key, bytes] of whole) {
      const copy = key === victim ? mutate(bytes, round % 4, random) : bytes;
      if (copy !== undefined) await damaged.put(key as never, pieces(copy));
    }
    const place = { name: 'damaged', target: damaged };
    const report = await verifyBackup(place, backup, { level: 'archive' }).catch(
      (error: { code?: string }) => {
        // Without a manifest there is no backup; with one that a newer version seems to have written, a refusal.
        expect(['BACKUP_NOT_FOUND', 'FORMAT_UNSUPPORTED']).toContain(error.code);
        return { ok: false };
      },
    );
    if (!report.ok) found += 1;
    expect(report.ok, `round ${round}: ${victim}`).toBe(false);
  }
  expect(found).toBe(rounds);
  expect(readFileSync(database).equals(original)).toBe(true);
});

function mutate(bytes: Uint8Array, kind: number, random: (below: number) => number): Uint8Array | undefined {
  const copy = Buffer.from(bytes);
  const at = random(copy.length);
  if (kind === 0) copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
  else if (kind === 1) return copy.subarray(0, at);
  else if (kind === 2)
    return random(4) === 0 ? undefined : Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1)]);
  else return Buffer.concat([copy.subarray(0, at), Buffer.from([random(256)]), copy.subarray(at)]);
  return copy;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('cleanup removes manifest before archive, keeps the newest, and a dry run changes nothing', async () => {
  const { named, target } = memory();
  for (const day of [1, 2, 3])
    await createBackup({ databases: [source()], targets: [named], full: true, clock: at(day) });
  const before = target.objects.size;
  const policy = { keepLast: 2 };
  const planned = await cleanupBackups(named, { policy, dryRun: true, clock: at(3) });
  expect(target.objects.size).toBe(before);
  const done = await cleanupBackups(named, { policy, clock: at(3) });
  expect(done.removed).toEqual(planned.removed);
  expect(done.removed.map(({ name }) => name)).toEqual(['backup_20260101_000000']);
  expect((await listBackups(named)).map(({ name }) => name)).toEqual([
    'backup_20260103_000000',
    'backup_20260102_000000',
  ]);
  expect(
    [...target.objects.keys()].filter((key) => key.includes('20260101') || key.startsWith('leases')),
  ).toEqual([]);
});

test('OpenQuant archives are listed, verified and restored', async () => {
  using place = tempFolder();
  const inside = join(place.path, 'in', 'backup_l');
  mkdirSync(join(inside, 'temp_export_app'), { recursive: true });
  runSql(join(place.path, 'plain.duckdb'), 'CREATE TABLE t AS SELECT 7 AS i', 'CHECKPOINT');
  copyFileSync(join(place.path, 'plain.duckdb'), join(inside, 'app.duckdb'));
  const size = readFileSync(join(inside, 'app.duckdb')).length;
  writeFileSync(
    join(inside, 'backup_metadata.json'),
    JSON.stringify({
      timestamp: '2026-11-23T00:27:09.511715+00:00',
      databases: [{ name: 'app.duckdb', original_path: 'data/app.duckdb', size_bytes: size }],
    }),
  );
  const archive = join(place.path, 'backup_l.tar.gz');
  execFileSync('tar', ['-czf', archive, '-C', join(place.path, 'in'), 'backup_l']);
  const { named, target } = memory();
  await target.put('backup_l.tar.gz' as never, pieces(readFileSync(archive)));
  expect(await listBackups(named)).toMatchObject([
    { name: 'backup_l', origin: 'openquant', databases: ['app.duckdb'] },
  ]);
  expect(await verifyBackup(named, 'backup_l', { level: 'scan' })).toMatchObject({ ok: true });
  await restoreBackup(named, 'backup_l', { restoreDir: join(place.path, 'out') });
  expect(existsSync(join(place.path, 'out', 'app.duckdb'))).toBe(true);
  expect(runSql(join(place.path, 'out', 'app.duckdb'), 'SELECT i FROM t')).toEqual([[7]]);
});
