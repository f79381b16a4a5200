/** Names that shells, tar, YAML or file systems stumble over. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { databaseHashes, fingerprint } from '../support/file-set.ts';
import { makeSource, Place } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
beforeAll(() => makeSource(template));
afterAll(() => templates[Symbol.asyncDispose]());

/** The same name to a reader, other bytes to most file systems. */
const COMPOSED = 'caf\u00e9.duckdb';
const DECOMPOSED = 'cafe\u0301.duckdb';

const NAMES = [
  'two  spaces and more .duckdb',
  ' leading space',
  `it's "quoted" \`twice\`.duckdb`,
  '-rf.duckdb',
  '--json',
  '$HOME ${HOME} %PATH%.duckdb',
  '[a-z]*?{x,y}!.duckdb',
  '# no comment: {a: b}.duckdb',
  '🦆🏳️‍🌈.duckdb',
  'данные 数据 ﷽.duckdb',
  COMPOSED,
  'no-ending',
  'my.tar.zst',
  'n'.repeat(200),
];

async function copyDatabase(path: string): Promise<void> {
  await cp(template, path, { preserveTimestamps: true });
  await cp(`${template}.wal`, `${path}.wal`, { preserveTimestamps: true });
}

test('odd names are backed up, listed, verified and restored as they are, all in one backup', async () => {
  await using place = await Place.make(template);
  // A dash in front counts only where there is no folder in front of it.
  for (const name of NAMES) await copyDatabase(join(place.data, name));
  await place.sourceIsNow();
  const wanted = NAMES.toSorted();
  const inData = await place.run('backup', '--json', '--', ...wanted.map((name) => `data/${name}`));
  expect(inData, inData.stderr).toMatchObject({ status: 0 });
  const { backup, databases } = inData.json as { backup: string; databases: { name: string }[] };
  expect(databases.map(({ name }) => name)).toEqual(wanted);
  const listed = await place.run('list', '--json');
  expect(listed.json).toMatchObject({ backups: [{ name: backup, databases: wanted }, {}] });
  expect((await place.run('show', backup)).status).toBe(0);
  expect(await place.run('verify', backup, '--level', 'blocks', '--json')).toMatchObject({
    status: 0,
    json: { results: [{ ok: true, problems: [] }] },
  });
  const dir = join(place.path, 'a place with "quotes" & é 🦆');
  const restored = await place.run('restore', backup, '--restore-dir', dir, '--json');
  expect(restored.status, restored.stderr).toBe(0);
  expect((await readdir(dir)).sort()).toEqual(wanted.flatMap((name) => [name, `${name}.wal`]).sort());
  const original = await databaseHashes(template);
  for (const name of NAMES) expect(await databaseHashes(join(dir, name))).toEqual(original);
  expect(await place.expectSurvived()).toEqual([backup]);
});

test('a name that begins with a dash is taken after --, and read back by --database=', async () => {
  await using place = await Place.make(template);
  await copyDatabase(join(place.path, '-rf.duckdb'));
  const bare = await place.run('backup', '-rf.duckdb');
  expect(bare.status).toBe(2);
  expect((await place.run('backup', '--', '-rf.duckdb')).status).toBe(0);
  const dir = join(place.path, 'restored');
  const run = await place.run('restore', 'latest', '--database=-rf.duckdb', '--restore-dir', dir);
  expect(run.status, run.stderr).toBe(0);
  expect(await databaseHashes(join(dir, '-rf.duckdb'))).toEqual(await databaseHashes(template));
  expect(await place.expectSurvived()).toHaveLength(1);
});

test('a decomposed name is kept byte for byte, and two names that only look alike are refused together', async () => {
  await using place = await Place.make(template);
  const folder = join(place.path, 'unicode');
  await mkdir(folder);
  await copyDatabase(join(folder, DECOMPOSED));
  const one = await place.run('backup', `unicode/${DECOMPOSED}`, '--json');
  expect(one, one.stderr).toMatchObject({ status: 0, json: { databases: [{ name: DECOMPOSED }] } });
  const dir = join(place.path, 'restored');
  expect((await place.run('restore', 'latest', '--restore-dir', dir)).status).toBe(0);
  expect((await readdir(dir)).sort()).toEqual([DECOMPOSED, `${DECOMPOSED}.wal`]);

  await copyDatabase(join(folder, COMPOSED));
  const before = await fingerprint(folder);
  const both = await place.run('backup', `unicode/${COMPOSED}`, `unicode/${DECOMPOSED}`, '--json');
  expect(both).toMatchObject({ status: 2, json: { error: { code: 'NAME_CONFLICT' } } });
  expect(await fingerprint(folder)).toEqual(before);
  expect(await place.expectSurvived()).toHaveLength(1);
});

test.each([
  { title: 'a newline', name: 'two\nlines.duckdb' },
  { title: 'an escape', name: 'red\u001b[31m.duckdb' },
  { title: 'a backslash', name: 'c:\\temp.duckdb' },
  { title: 'more than 200 bytes', name: 'é'.repeat(101) },
])('a name with $title is refused, and taken under another name', async ({ name }) => {
  await using place = await Place.make(template);
  const folder = join(place.path, 'odd');
  await mkdir(folder);
  await copyDatabase(join(folder, name));
  const refused = await place.run('backup', `odd/${name}`);
  expect(refused.status).toBe(2);
  // What is in a name must not reach the terminal as it is.
  // oxlint-disable-next-line no-control-regex -- an escape is what is looked for
  expect(refused.stderr).not.toMatch(/\u001b\[31m/);
  await place.configure(`databases: [{ path: ${JSON.stringify(`odd/${name}`)}, name: plain.duckdb }]`);
  const taken = await place.run('backup', '--json');
  expect(taken, taken.stderr).toMatchObject({ status: 0, json: { databases: [{ name: 'plain.duckdb' }] } });
  const dir = join(place.path, 'restored');
  expect((await place.run('restore', 'latest', '--restore-dir', dir)).status).toBe(0);
  expect(await databaseHashes(join(dir, 'plain.duckdb'))).toEqual(await databaseHashes(template));
  expect(await place.expectSurvived()).toHaveLength(1);
});
