/** Databases that are not what they should be, and configurations that say nothing that can be done. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DISTURBED_TARGET, makeSource, Place } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
beforeAll(() => makeSource(template));
afterAll(() => templates[Symbol.asyncDispose]());

test.each([
  { title: 'an unknown key', line: 'retenton: { keepDays: 3 }', at: '3:1', code: 'CONFIG_INVALID' },
  {
    title: 'a value of the wrong kind',
    line: 'retention: { keepDays: soon }',
    at: '3:24',
    code: 'CONFIG_INVALID',
  },
  { title: 'YAML that does not parse', line: 'retention: { keepDays: 3', at: '4:1', code: 'CONFIG_INVALID' },
  {
    title: 'a target of no known type',
    line: 'targets: { a: { type: no-such-target } }',
    at: '3:',
    code: 'TARGET_NOT_INSTALLED',
  },
])('$title is refused with its line and column, and nothing is done', async ({ line, at, code }) => {
  await using place = await Place.make(template);
  await place.configure('databases: [data/my.duckdb]', line);
  const { status, json } = await place.run('backup', '--json');
  expect(status).toBe(2);
  expect(json).toMatchObject({ error: { code, message: expect.stringContaining(`quackup.yaml:${at}`) } });
  expect(await place.expectSurvived()).toEqual([]);
});

test('no database at all is an error, and nothing is written', async () => {
  await using place = await Place.make(template);
  await place.configure('databases: []');
  const none = await place.run('backup', '--json');
  expect(none).toMatchObject({ status: 1, json: { error: { code: 'NO_DATABASES' } } });
  await place.configure('databases: ["elsewhere/*.duckdb"]');
  const unmatched = await place.run('backup', '--json');
  expect(unmatched).toMatchObject({ status: 1, json: { error: { code: 'NO_DATABASES' } } });
  expect(unmatched.stderr).toContain('matches no file');
  expect(await place.expectSurvived()).toEqual([]);
});

test('a database that has vanished is missing from the backup, and alone it makes none', async () => {
  await using place = await Place.make(template);
  await makeSource(join(place.data, 'gone.duckdb'));
  await place.configure('databases: [data/my.duckdb, data/gone.duckdb]');
  await rm(join(place.data, 'gone.duckdb'));
  await rm(join(place.data, 'gone.duckdb.wal'));
  const { status, json } = await place.run('backup', '--json');
  expect(status).toBe(1);
  expect(json).toMatchObject({
    databases: [
      { name: 'my.duckdb', status: 'ok' },
      { name: 'gone.duckdb', status: 'failed', error: { code: 'DATABASE_NOT_FOUND' } },
    ],
  });
  const alone = await place.run('backup', 'data/gone.duckdb', '--json');
  expect(alone).toMatchObject({ status: 1, json: { error: { code: 'BACKUP_FAILED' } } });
  const listed = await place.run('list', '--json');
  expect(listed).toMatchObject({
    status: 0,
    json: { backups: [{ databases: ['my.duckdb'], failedDatabases: ['gone.duckdb'] }, { name: place.good }] },
  });
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});

test('a file that is no database, and a damaged one, fail alone; the others are backed up', async () => {
  await using place = await Place.make(template);
  await writeFile(join(place.data, 'text.duckdb'), 'not a database\n'.repeat(2_000));
  await makeSource(join(place.data, 'cut.duckdb'));
  const bytes = await readFile(place.database);
  // In each block behind the head: some of them are in use.
  for (let block = 12_288; block < bytes.length; block += 262_144)
    bytes.fill(0x55, block + 1_000, block + 3_000);
  await writeFile(join(place.data, 'cut.duckdb'), bytes);
  await place.sourceIsNow();
  const { status, json } = await place.run('backup', 'data/*.duckdb', '--json');
  expect(status).toBe(1);
  expect(json).toMatchObject({
    databases: [
      { name: 'cut.duckdb', status: 'failed', error: { code: 'DATABASE_DAMAGED' } },
      { name: 'my.duckdb', status: 'ok' },
      { name: 'text.duckdb', status: 'failed', error: { code: 'NOT_A_DATABASE' } },
    ],
  });
  const { backup } = json as { backup: string };
  expect((await place.run('verify', backup)).status).toBe(0);
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});

test.each(['replaced', 'removed'])('a database that is %s while it is read fails alone', async (what) => {
  await using place = await Place.make(template);
  // Longer than what is read ahead: a file that has been read to its end may be replaced.
  await makeSource(join(place.data, 'other.duckdb'), 500_000);
  await place.configure(
    'databases: [data/my.duckdb, data/other.duckdb]',
    `targets: { slow: { type: "${DISTURBED_TARGET}", path: backups, behaviour: wait-put } }`,
  );
  const running = place.start('backup', '--json');
  await place.waitFor('backups.waiting', running);
  // The archive has begun and cannot go on.
  if (what === 'replaced') await place.replaceDatabase('other.duckdb');
  else await rename(join(place.data, 'other.duckdb'), join(place.path, 'away'));
  await place.sourceIsNow();
  await writeFile(join(place.path, 'backups.go'), '');
  const { status, json } = await running.ended;
  expect(status).toBe(1);
  expect(json).toMatchObject({
    databases: [
      { name: 'my.duckdb', status: 'ok' },
      { name: 'other.duckdb', status: 'failed', error: { code: 'DATABASE_REPLACED' } },
    ],
  });
  const { backup } = json as { backup: string };
  expect((await place.run('verify', backup)).status).toBe(0);
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});
