/** kill -9 at any moment, 100 times: how the moments are chosen is said in support/kill-series.ts. */
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { cleanupBackups, createBackup } from '@quackup/core';
import { runSql, startWriter } from '@quackup/fixtures';
import { LocalTarget } from '@quackup/target-local';
import { expect, test } from 'vitest';

import { databaseHashes, filesBelow, fingerprint, hashOf } from './support/file-set.ts';
import { killSeries } from './support/kill-series.ts';
import { expectWholeBackups, localBackups } from './support/local-backups.ts';
import { runInProcess } from './support/run-in-process.ts';
import { tempFolder } from './support/temp-folder.ts';

const TIMEOUT = { timeout: 300_000 };
const DAY_MS = 24 * 3_600_000;
/** Long enough ago that nobody waits for the file to come to rest. */
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

const rows = (count: number): string =>
  `CREATE OR REPLACE TABLE t AS SELECT i, hash(i) AS h, md5(i::VARCHAR) AS s FROM range(${count}) r(i)`;

/** What must be in a folder of backups, and nothing else. */
const filesOf = (names: readonly string[]): string[] =>
  names.flatMap((name) => [`${name}.json`, `${name}.tar.zst`]).sort();

async function replaceFolder(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, preserveTimestamps: true });
}

/** Unfinished puts and archives without a manifest may be in the making for a day; then any cleanup removes them. */
async function cleanUpADayLater(backups: string): Promise<void> {
  const later = new Date(Date.now() + 25 * 3_600_000);
  const target = new LocalTarget(backups, { now: () => later });
  const policy = { keepLast: 100 };
  await cleanupBackups({ name: 'local', target }, { policy, clock: { now: () => later } });
}

function tell(what: string, states: ReadonlyMap<string, number>): void {
  console.info(`${what} killed with: ${[...states].map(([state, times]) => `${state} ${times}`).join(', ')}`);
}

test('a backup that is killed is not listed unless it is whole, and hinders nobody', TIMEOUT, async () => {
  await using folder = await tempFolder();
  const [data, backups, temp, good] = ['data', 'backups', 'temp', 'good'].map((name) =>
    join(folder.path, name),
  ) as [string, string, string, string];
  await mkdir(data);
  const config = 'databases: [data/rest.duckdb, data/held.duckdb]\nbackup: { tempDir: temp }\n';
  await writeFile(join(folder.path, 'quackup.yaml'), config);
  await runSql(join(data, 'rest.duckdb'), [
    rows(60_000),
    'CHECKPOINT',
    'PRAGMA disable_checkpoint_on_shutdown',
    'INSERT INTO t SELECT 1, 2, 3 FROM range(1000)',
  ]);
  await runSql(join(data, 'held.duckdb'), [rows(60_000)]);
  await utimes(join(data, 'rest.duckdb'), LONG_AGO, LONG_AGO);
  // Holds its database open with one commit in the WAL and then rests, so that it is in use and yet does not change.
  await using writer = await startWriter(join(data, 'held.duckdb'), { commitsPerSecond: 0.0001 });
  await writer.waitFor(1);
  const source = await fingerprint(data);
  expect(source.map((line) => line.split(' ')[0])).toEqual([
    'held.duckdb',
    'held.duckdb.wal',
    'rest.duckdb',
    'rest.duckdb.wal',
  ]);
  // Full: an incremental archive of what has not changed is written in no time, and no kill would meet it.
  const args = ['backup', '--full', '--json'];
  expect(await runInProcess(folder.path, args)).toMatchObject({
    status: 0,
    json: { databases: [{ method: 'at-rest' }, { method: 'hot' }] },
  });
  await rm(join(backups, 'leases'), { recursive: true, force: true });
  await replaceFolder(backups, good);
  const [goodName] = await expectWholeBackups(backups);

  const states = await killSeries({
    cwd: folder.path,
    args,
    kills: 34,
    seed: 1,
    signs: [
      { folder: backups, name: /^leases$/, withinMs: 30 },
      { folder: temp, name: /^quackup-/, withinMs: 150 },
      { folder: backups, name: /^backup_.*\.zst$/, withinMs: 10 },
    ],
    prepare: async () => {
      await replaceFolder(good, backups);
      await rm(temp, { recursive: true, force: true });
      await mkdir(temp);
    },
    check: async () => {
      const names = await expectWholeBackups(backups);
      expect(names).toContain(goodName);
      expect(await fingerprint(data)).toEqual(source);
      const left = (await filesBelow(backups)).filter((file) => !filesOf(names).includes(file));
      const scratch = await readdir(temp);

      const again = await runInProcess(folder.path, args);
      expect(again, again.stderr).toMatchObject({ status: 0 });
      const after = await expectWholeBackups(backups);
      expect(after.toSorted()).toEqual([...names, (again.json as { backup: string }).backup].toSorted());
      expect(await fingerprint(data)).toEqual(source);
      expect(await readdir(temp)).toEqual([]);
      expect(await filesBelow(join(backups, 'leases'))).toEqual([]);

      await cleanUpADayLater(backups);
      expect(await filesBelow(backups)).toEqual(filesOf(after));

      if (names.length > 1) return 'the whole backup';
      if (left.some((file) => file.startsWith('backup_'))) return 'an archive';
      if (scratch.length > 0)
        return left.some((file) => file.endsWith('.part')) ? 'a part' : 'a scratch folder';
      return left.length > 0 ? 'a lease' : 'nothing';
    },
  });
  tell('backups', states);
  expect([...states.keys()]).toEqual(expect.arrayContaining(['a part', 'an archive']));
});

test(
  'a restore that is killed leaves one whole set or the guard, and the next one settles it',
  TIMEOUT,
  async () => {
    await using folder = await tempFolder();
    const [data, old, backups] = ['data', 'old', 'backups'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    const databases = ['first.duckdb', 'second.duckdb'] as const;
    await mkdir(data);
    const keepWal = 'PRAGMA disable_checkpoint_on_shutdown';
    for (const name of databases) {
      await runSql(join(data, name), [rows(40_000), 'CHECKPOINT', keepWal, 'INSERT INTO t VALUES (1, 2, 3)']);
    }
    await createBackup({
      databases: databases.map((name) => ({ name, path: join(data, name) })),
      targets: [localBackups(backups)],
    });
    const restored = await Promise.all(databases.map((name) => databaseHashes(join(data, name))));
    expect(restored.map((hashes) => Object.keys(hashes))).toEqual([
      ['', '.wal'],
      ['', '.wal'],
    ]);
    // What stands in the way: one database with a WAL, one without.
    await rm(data, { recursive: true });
    await mkdir(old);
    await runSql(join(old, databases[0]), [rows(5), 'CHECKPOINT', keepWal, 'INSERT INTO t VALUES (4, 5, 6)']);
    await runSql(join(old, databases[1]), [rows(6)]);
    const before = await Promise.all(databases.map((name) => databaseHashes(join(old, name))));
    expect(before.map((hashes) => Object.keys(hashes))).toEqual([['', '.wal'], ['']]);
    const stored = await fingerprint(backups);

    const args = ['restore', 'latest', '--overwrite', '--json'];
    const states = await killSeries({
      cwd: folder.path,
      args,
      kills: 33,
      seed: 2,
      signs: [
        { folder: data, name: /quackup-restore\.json$/, withinMs: 40 },
        { folder: data, name: /second.*quackup-guard$/, withinMs: 15 },
        { folder: data, name: /first.*\.bak-/, withinMs: 8 },
        { folder: data, name: /second.*\.bak-/, withinMs: 8 },
      ],
      prepare: () => replaceFolder(old, data),
      check: async () => {
        const sights: string[] = [];
        for (const [index, name] of databases.entries()) {
          const path = join(data, name);
          const live = await databaseHashes(path);
          const wanted = { old: before[index], new: restored[index] };
          let sight = live[''] === wanted.old?.[''] ? 'old' : 'new';
          if ((await readFile(path, 'latin1')).startsWith('QUACKUP: ')) {
            sight = 'guard';
            await expectNoEngineOpens(path);
          } else {
            expect(live).toEqual(sight === 'old' ? wanted.old : wanted.new);
          }
          await expectKept(data, wanted.old ?? {});
          sights.push(sight);
        }
        const journals = (await readdir(data)).filter((name) => name.endsWith('.quackup-restore.json'));

        const again = await runInProcess(folder.path, args);
        expect(again, again.stderr).toMatchObject({ status: 0, json: { failed: [] } });
        const { recovered } = again.json as { recovered: readonly string[] };
        expect(recovered).toHaveLength(journals.length);
        for (const sentence of recovered) {
          const index = databases.findIndex((name) => sentence.includes(join(data, name)));
          expect(sentence).toMatch(
            sights[index] === 'new' ? /the restored database is in place$/ : /as it was before$/,
          );
        }
        for (const [index, name] of databases.entries()) {
          expect(await databaseHashes(join(data, name))).toEqual(restored[index]);
          await expectAside(data, name, before[index] ?? {});
        }
        expect((await readdir(data)).filter((name) => name.includes('quackup'))).toEqual([]);
        // One that is killed while it says that it reads leaves what it has written of that, which is cleared away when it is old.
        const now = (await fingerprint(backups)).filter((file) => !file.startsWith('.tmp/'));
        expect(now).toEqual(stored);
        return `${sights.join('+')}${journals.length > 0 ? ' and a journal' : ''}`;
      },
    });
    tell('restores', states);
    expect([...states.keys()].some((state) => state.includes('guard'))).toBe(true);
    expect([...states.keys()].some((state) => state.startsWith('old+old and'))).toBe(true);
  },
);

/** The promise of decisions/0001: DuckDB does not open the guard, for reading and writing, and changes nothing. */
async function expectNoEngineOpens(path: string): Promise<void> {
  const sight = await fingerprint(join(path, '..'));
  await expect(runSql(path, ['SELECT 1'])).rejects.toThrow('not a valid DuckDB database file');
  expect(await fingerprint(join(path, '..'))).toEqual(sight);
}

/** Nothing of the old set is lost, whatever it is called now. */
async function expectKept(folder: string, set: Readonly<Record<string, string>>): Promise<void> {
  const there = await Promise.all((await readdir(folder)).map((name) => hashOf(join(folder, name))));
  expect(there).toEqual(expect.arrayContaining(Object.values(set)));
}

/** The old set stands aside under one name, so that DuckDB opens it with its WAL. */
async function expectAside(
  folder: string,
  name: string,
  set: Readonly<Record<string, string>>,
): Promise<void> {
  const aside = (await readdir(folder)).filter(
    (file) => /\.bak-[0-9_]+$/.test(file) && file.startsWith(name),
  );
  const sets = await Promise.all(aside.map((file) => databaseHashes(join(folder, file))));
  expect(sets).toContainEqual(set);
}

test(
  'a cleanup that is killed leaves whole backups only, and the next one finishes it',
  TIMEOUT,
  async () => {
    await using folder = await tempFolder();
    const [data, backups, full] = ['data', 'backups', 'full'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await mkdir(data);
    const path = join(data, 'small.duckdb');
    await runSql(path, [rows(10)]);
    await utimes(path, LONG_AGO, LONG_AGO);
    const source = await fingerprint(data);
    const made: string[] = [];
    for (let day = 0; day < 24; day += 1) {
      const now = new Date(LONG_AGO.getTime() + day * DAY_MS);
      const { backup } = await createBackup({
        databases: [{ name: basename(path), path }],
        targets: [localBackups(full)],
        clock: { now: () => now },
      });
      made.push(backup);
    }
    const kept = made.slice(-3);
    // Nothing has changed since the first day: all later backups refer to its archive.
    const shared = `${made[0]}.tar.zst`;
    // What earlier runs have left: an archive without a manifest, and a put that was never finished.
    await cp(join(full, `${made[0]}.tar.zst`), join(full, 'backup_20250101_000000.tar.zst'));
    const part = join(full, '.tmp', `${'0123456789abcdef'.repeat(2)}.part`);
    await writeFile(part, 'half of something');
    await utimes(part, LONG_AGO, LONG_AGO);
    await rm(join(full, 'leases'), { recursive: true, force: true });

    const args = ['cleanup', '--keep-days', '0', '--min-count', '0', '--keep-last', '3', '--json'];
    const states = await killSeries({
      cwd: folder.path,
      args,
      kills: 33,
      seed: 3,
      signs: [
        { folder: backups, name: /^leases$/, withinMs: 10 },
        { folder: backups, name: /^backup_/, withinMs: 40 },
        { folder: backups, name: /^backup_20260112_/, withinMs: 20 },
      ],
      prepare: () => replaceFolder(full, backups),
      check: async () => {
        const names = await expectWholeBackups(backups);
        expect(names).toEqual(expect.arrayContaining(kept));
        expect(made).toEqual(expect.arrayContaining(names));
        const orphans = (await filesBelow(backups)).filter(
          (file) => file.endsWith('.zst') && file !== shared && !filesOf(names).includes(file),
        );

        const again = await runInProcess(folder.path, args);
        expect(again, again.stderr).toMatchObject({ status: 0 });
        expect(await expectWholeBackups(backups)).toEqual(kept.toReversed());
        expect(await filesBelow(join(backups, 'leases'))).toEqual([]);
        // What was removed for being old is the part of long ago; that of the killed run counts as one in the making.
        expect(await readdir(join(backups, '.tmp'))).not.toContain(basename(part));
        await cleanUpADayLater(backups);
        expect(await filesBelow(backups)).toEqual([shared, ...filesOf(kept)].toSorted());
        expect(await fingerprint(data)).toEqual(source);
        if (names.length === made.length) return 'nothing removed';
        if (names.length === kept.length) return 'all backups removed';
        return orphans.some((file) => !file.includes('2025')) ? 'a manifest removed' : 'some removed';
      },
    });
    tell('cleanups', states);
    expect(states.size).toBeGreaterThanOrEqual(2);
  },
);
