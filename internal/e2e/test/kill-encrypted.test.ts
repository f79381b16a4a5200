/**
 * kill -9 of encrypted runs: what they leave is private, tells neither key nor, outside of scratch folders, content, and is gone
 * after the next run. Few moments by default; QUACKUP_KILLS=100 tries more.
 */
import { chmod, cp, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runSql, startWriter } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { databaseHashes, filesBelow } from './support/file-set.ts';
import { killSeries } from './support/kill-series.ts';
import { runInProcess } from './support/run-in-process.ts';
import { tempFolder } from './support/temp-folder.ts';

const KILLS = Number(process.env['QUACKUP_KILLS'] ?? 8);
const TIMEOUT = { timeout: 60_000 + KILLS * 5_000 };

const RECIPIENT = 'age1x5vlyfcv6negs2mu6hdz72z5fm87fzfclmjascqxr97dtnxz6shqc5jduq';
const SECRET = 'AGE-SECRET-KEY-12V07KZG5QYLF6SRUN3D0DZQL2X7H2V36SFWL8VK9PJ0EKPXHN3ZST4WARP';
/** Not compressed by DuckDB: in a value, and in the names of a table and a column. */
const MARKERS = ['wigeon-value-7f3a', 'teal_table_91c2', 'smew_column_44d0'];
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

const rows = (count: number): string =>
  `CREATE OR REPLACE TABLE teal_table_91c2 AS SELECT i, 'wigeon-value-7f3a' || md5(i::VARCHAR) AS smew_column_44d0 FROM range(${count}) r(i)`;

interface Site {
  readonly folder: string;
  readonly data: string;
  readonly backups: string;
  readonly temp: string;
  readonly state: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A configuration with encryption; the key comes from the environment. */
async function makeSite({ path: folder }: { readonly path: string }): Promise<Site> {
  const [data, backups, temp, state] = ['data', 'backups', 'temp', 'state'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  await mkdir(data);
  await mkdir(temp);
  await writeFile(
    join(folder, 'quackup.yaml'),
    // Uncompressed: what is not encrypted would show.
    `databases: [data/secret.duckdb]\nbackup: { tempDir: temp, compression: { algorithm: none } }\nencryption: { recipients: [${RECIPIENT}], identities: { env: SECRET_KEY } }\n`,
  );
  return { folder, data, backups, temp, state, env: { XDG_STATE_HOME: state, SECRET_KEY: SECRET } };
}

/** Files below a folder that hold one of the texts. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of await filesBelow(folder)) {
    const bytes = await readFile(join(folder, name));
    if (texts.some((text) => bytes.includes(text))) found.push(name);
  }
  return found;
}

/** Files below a folder that somebody else may read, unless a folder on the way keeps them out. */
async function openToOthers(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (((await stat(path)).mode & 0o077) === 0) continue;
    if (entry.isDirectory()) found.push(...(await openToOthers(path)));
    else found.push(path);
  }
  return found;
}

async function expectNothingTold({ backups, state, temp, folder }: Site): Promise<void> {
  for (const place of [backups, state]) expect(await filesWith(place, MARKERS)).toEqual([]);
  expect(await filesWith(folder, [SECRET, SECRET.slice(15, 40)])).toEqual([]);
  expect(await openToOthers(temp)).toEqual([]);
  expect(await openToOthers(backups)).toEqual([]);
}

test(
  'an encrypted backup that is killed tells nothing, and the next run leaves nothing of it',
  TIMEOUT,
  async () => {
    await using folder = await tempFolder();
    const site = await makeSite(folder);
    const { data, backups, temp, state } = site;
    const database = join(data, 'secret.duckdb');
    await runSql(database, [rows(60_000), 'CHECKPOINT']);
    // In use, so that a copy of what may change stands in the scratch folder; and at rest.
    await using writer = await startWriter(database, { commitsPerSecond: 0.0001 });
    await writer.waitFor(1);
    expect(await filesWith(data, MARKERS)).toEqual(['secret.duckdb']);

    const args = ['backup', '--full', '--json'];
    let scratches = 0;
    const states = await killSeries({
      cwd: folder.path,
      args,
      env: site.env,
      kills: KILLS,
      seed: 4,
      signs: [
        { folder: temp, name: /^quackup-/, withinMs: 150 },
        { folder: backups, name: /^backup_.*\.age$/, withinMs: 10 },
      ],
      prepare: async () => {
        for (const place of [backups, temp, state]) await rm(place, { recursive: true, force: true });
        for (const place of [backups, temp, state]) await mkdir(place, { mode: 0o700 });
      },
      check: async () => {
        await expectNothingTold(site);
        const left = await filesBelow(backups);
        scratches += (await filesWith(temp, MARKERS)).length;

        const again = await runInProcess(folder.path, args, site.env);
        expect(again, again.stderr).toMatchObject({ status: 0 });
        const { backup } = again.json as { backup: string };
        expect(await readdir(temp)).toEqual([]);
        await expectNothingTold(site);
        expect(await runInProcess(folder.path, ['verify', backup, '--json'], site.env)).toMatchObject({
          status: 0,
          json: { results: [{ ok: true }] },
        });
        if (left.some((name) => /^backup_.*\.json$/.test(name))) return 'the whole backup';
        if (left.some((name) => /^backup_.*\.age$/.test(name))) return 'an archive';
        if (left.some((name) => name.endsWith('.part'))) return 'a part';
        return left.length > 0 ? 'a lease' : 'nothing';
      },
    });
    console.info(`backups killed with: ${[...states].join('; ')}; content in ${scratches} scratch files`);
    expect([...states.keys()].some((what) => what === 'a part' || what === 'an archive')).toBe(true);
  },
);

test(
  'an encrypted restore that is killed leaves the old set or the new one, and tells nothing',
  TIMEOUT,
  async () => {
    await using folder = await tempFolder();
    const site = await makeSite(folder);
    const { data } = site;
    const database = join(data, 'secret.duckdb');
    await runSql(database, [rows(300_000), 'CHECKPOINT']);
    await chmod(database, 0o600);
    await utimes(database, LONG_AGO, LONG_AGO);
    expect(await runInProcess(folder.path, ['backup', '--json'], site.env)).toMatchObject({ status: 0 });
    const restored = await databaseHashes(database);
    await rm(data, { recursive: true });
    await mkdir(data);
    await runSql(database, ['CREATE TABLE old AS SELECT 1 AS i']);
    await chmod(database, 0o600);
    const before = await databaseHashes(database);
    const old = join(folder.path, 'old');
    await cp(data, old, { recursive: true, preserveTimestamps: true });

    const args = ['restore', 'latest', '--overwrite', '--json'];
    const states = await killSeries({
      cwd: folder.path,
      args,
      env: site.env,
      kills: KILLS,
      seed: 5,
      signs: [
        { folder: data, name: /quackup/, withinMs: 60 },
        { folder: data, name: /\.bak-/, withinMs: 8 },
      ],
      prepare: async () => {
        await rm(data, { recursive: true, force: true });
        await cp(old, data, { recursive: true, preserveTimestamps: true });
      },
      check: async () => {
        await expectNothingTold(site);
        expect(await openToOthers(data)).toEqual([]);
        const isGuarded = (await readFile(database, 'latin1')).startsWith('QUACKUP: ');
        const live = await databaseHashes(database);
        if (!isGuarded) expect([before, restored]).toContainEqual(live);
        const beside = (await readdir(data)).some((name) => name.includes('quackup'));

        const again = await runInProcess(folder.path, args, site.env);
        expect(again, again.stderr).toMatchObject({ status: 0, json: { failed: [] } });
        expect(await databaseHashes(database)).toEqual(restored);
        expect((await readdir(data)).filter((name) => name.includes('quackup'))).toEqual([]);
        expect(await readdir(site.temp)).toEqual([]);
        await expectNothingTold(site);
        const sight = isGuarded ? 'guard' : live[''] === before[''] ? 'old' : 'new';
        return beside ? `${sight} and more` : sight;
      },
    });
    console.info(`restores killed with: ${[...states].join('; ')}`);
    expect([...states.keys()].some((what) => what.endsWith(' and more'))).toBe(true);
  },
);
