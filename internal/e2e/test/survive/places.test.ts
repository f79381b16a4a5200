/** Places that are full, read-only or not there. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startWriter } from '@quackup/fixtures';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { databaseHashes, fingerprint } from '../support/file-set.ts';
import { makeSource, Place } from '../support/place.ts';
import { SmallDisk, whyNoSmallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
const big = join(templates.path, 'big.duckdb');
beforeAll(async () => {
  await makeSource(template);
  await makeSource(big, 200_000);
});
afterAll(() => templates[Symbol.asyncDispose]());

const noSmallDisk = whyNoSmallDisk();
if (noSmallDisk !== undefined) console.warn(`tests with a full disk are skipped: ${noSmallDisk}`);

test.skipIf(noSmallDisk !== undefined)(
  'a target whose disk is full gets no backup, and keeps those that it has',
  async () => {
    await using folder = await tempFolder();
    using disk = new SmallDisk(join(folder.path, 'disk'), 2_000_000);
    const backups = join(disk.path, 'backups');
    await using place = await Place.make(template, backups);
    await place.configure(`databases: [${big}]`, `targets: { small: { type: local, path: ${backups} } }`);
    const stored = await fingerprint(backups);
    const { status, json } = await place.run('backup', '--json');
    expect(status).toBe(1);
    expect(json).toMatchObject({
      error: { code: 'TARGET_FAILED', message: expect.stringContaining('no space left') },
    });
    expect(await place.expectSurvived(backups)).toEqual([]);
    expect(await fingerprint(backups)).toEqual(stored);
  },
);

test.skipIf(noSmallDisk !== undefined)(
  'with one of two targets full the other gets the backup, and the exit code is 1',
  async () => {
    await using folder = await tempFolder();
    using disk = new SmallDisk(join(folder.path, 'disk'), 500_000);
    await using place = await Place.make(template);
    const full = join(disk.path, 'backups');
    await place.configure(
      `databases: [data/my.duckdb, ${big}]`,
      `targets: { local: { type: local, path: backups }, small: { type: local, path: ${full} } }`,
    );
    const { status, json } = await place.run('backup', '--json');
    expect(status).toBe(1);
    expect(json).toMatchObject({
      databases: [{ status: 'ok' }, { status: 'ok' }],
      targets: [
        { name: 'local', status: 'ok' },
        { name: 'small', status: 'failed', error: { code: 'NO_SPACE' } },
      ],
    });
    expect(await place.expectSurvived()).toEqual([(json as { backup: string }).backup]);
    expect((await readdir(full)).filter((name) => name.startsWith('backup_'))).toEqual([]);
  },
);

test.skipIf(noSmallDisk !== undefined)(
  'a restore to a disk that is too small is refused before anything is written',
  async () => {
    await using folder = await tempFolder();
    using disk = new SmallDisk(join(folder.path, 'disk'), 400_000);
    await using place = await Place.make(template);
    await writeFile(join(disk.path, 'my.duckdb'), 'what was there');
    const there = await fingerprint(disk.path);
    const args = ['restore', 'latest', '--restore-dir', disk.path, '--overwrite', '--json'];
    const { status, json } = await place.run(...args);
    expect(status).toBe(1);
    expect(json).toMatchObject({
      error: { code: 'NO_SPACE', hint: expect.stringContaining('--restore-dir') },
    });
    expect(await fingerprint(disk.path)).toEqual(there);
    expect(await place.expectSurvived()).toEqual([]);
  },
);

test.skipIf(noSmallDisk !== undefined)(
  'with the scratch folder full a database in use is not backed up, and those at rest are',
  async () => {
    await using folder = await tempFolder();
    using disk = new SmallDisk(join(folder.path, 'disk'), 200_000);
    await using place = await Place.make(template);
    const held = join(place.path, 'held.duckdb');
    await makeSource(held);
    await writeFile(
      join(place.path, 'quackup.yaml'),
      `databases: [data/my.duckdb, held.duckdb]\nbackup: { tempDir: ${disk.path} }\n`,
    );
    await using writer = await startWriter(held, { commitsPerSecond: 0.0001 });
    await writer.waitFor(1);
    const { status, json } = await place.run('backup', '--json');
    expect(status).toBe(1);
    expect(json).toMatchObject({
      databases: [
        { name: 'my.duckdb', status: 'ok' },
        { name: 'held.duckdb', status: 'failed', error: { code: 'NO_SPACE' } },
      ],
    });
    expect(await readdir(disk.path)).toEqual([]);
    await place.expectSourceUntouched();
    await place.expectGoodRestores();
  },
);

test.skipIf(noSmallDisk !== undefined)(
  'a read-only target takes no backup and no cleanup, and its backups are listed, verified and restored',
  async () => {
    await using folder = await tempFolder();
    using disk = new SmallDisk(join(folder.path, 'disk'), 4_000_000);
    const backups = join(disk.path, 'backups');
    await using place = await Place.make(template, backups);
    await place.configure('databases: [data/my.duckdb]', `targets: { a: { type: local, path: ${backups} } }`);
    disk.makeReadOnly();
    const made = await place.run('backup', '--json');
    expect(made).toMatchObject({ status: 1, json: { error: { code: 'TARGET_FAILED' } } });
    const cleaned = await place.run('cleanup', '--json');
    expect(cleaned).toMatchObject({ status: 1, json: { error: { code: 'TARGET_FAILED' } } });
    const listed = await place.run('list', '--json');
    expect(listed).toMatchObject({ status: 0, json: { backups: [{ name: place.good }] } });
    expect((await place.run('verify', '--all', '--json')).status).toBe(0);
    const dir = join(place.path, 'restored');
    expect((await place.run('restore', 'latest', '--restore-dir', dir)).status).toBe(0);
    expect(await databaseHashes(join(dir, 'my.duckdb'))).toEqual(await databaseHashes(place.database));
    expect(await place.expectSurvived(backups)).toEqual([]);
  },
);

test('a target below a folder that is not there fails, and the folder is not made', async () => {
  await using place = await Place.make(template);
  await place.configure(
    'databases: [data/my.duckdb]',
    'targets: { disk: { type: local, path: not-mounted/backups } }',
  );
  const { status, json } = await place.run('backup', '--json');
  expect(status).toBe(1);
  expect(json).toMatchObject({
    error: { code: 'TARGET_FAILED', message: expect.stringContaining(join(place.path, 'not-mounted')) },
  });
  expect(await readdir(place.path)).not.toContain('not-mounted');
  const listed = await place.run('list', '--json');
  expect(listed.status).toBe(1);
  expect(await place.expectSurvived()).toEqual([]);
});

test('a target whose path is a file is refused, and the file stays', async () => {
  await using place = await Place.make(template);
  await mkdir(join(place.path, 'other'));
  await writeFile(join(place.path, 'other', 'file'), 'mine');
  const other = await fingerprint(join(place.path, 'other'));
  await place.configure('databases: [data/my.duckdb]', 'targets: { f: { type: local, path: other/file } }');
  const { status, json } = await place.run('backup', '--json');
  expect(status).toBe(1);
  expect(json).toMatchObject({ error: { message: expect.stringContaining('other/file') } });
  expect(await fingerprint(join(place.path, 'other'))).toEqual(other);
  expect(await place.expectSurvived()).toEqual([]);
});
