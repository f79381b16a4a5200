/** Backups that are damaged, or were made by somebody who means ill. */
import { execFileSync } from 'node:child_process';
import {
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { databaseHashes, fingerprint } from '../support/file-set.ts';
import { makeSource, Place } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const templates = await tempFolder();
const template = join(templates.path, 'small.duckdb');
beforeAll(() => makeSource(template));
afterAll(() => templates[Symbol.asyncDispose]());

async function flipByte(path: string, place: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * place);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  await writeFile(path, bytes);
}

test.each([
  { title: 'a flipped bit in the data', damage: (archive: string) => flipByte(archive, 0.4) },
  { title: 'a flipped bit near the end', damage: (archive: string) => flipByte(archive, 0.99) },
  { title: 'a missing end', damage: (archive: string) => truncate(archive, 100_000) },
  { title: 'a missing archive', damage: (archive: string) => rm(archive) },
  {
    title: 'a flipped bit in the manifest',
    damage: (archive: string) => flipByte(archive.replace(/\.tar\.zst$/, '.json'), 0.5),
  },
])('$title is found, and never restored', async ({ damage }) => {
  await using place = await Place.make(template);
  const made = await place.run('backup', '--full', '--json');
  const { backup } = made.json as { backup: string };
  await damage(join(place.backups, `${backup}.tar.zst`));
  const stored = await fingerprint(place.backups);

  const verified = await place.run('verify', backup, '--json');
  expect(verified.status).toBe(3);
  const all = await place.run('verify', '--all', '--json');
  expect(all.status).toBe(3);
  const damaged = expect.arrayContaining([expect.objectContaining({ code: 'BACKUP_DAMAGED' })]);
  const { results } = all.json as { results: readonly { backup: string }[] };
  expect(results).toHaveLength(2);
  expect(results.find((result) => result.backup === backup)).toMatchObject({ ok: false, problems: damaged });
  expect(results.find((result) => result.backup === place.good)).toMatchObject({ ok: true, problems: [] });

  // Over what is there, and to a place where nothing is.
  await cp(place.data, join(place.path, 'there'), { recursive: true, preserveTimestamps: true });
  const there = await fingerprint(join(place.path, 'there'));
  for (const dir of ['there', 'new']) {
    const run = await place.run('restore', backup, '--restore-dir', dir, '--overwrite', '--json');
    expect(run).toMatchObject({ status: 3, json: { error: { code: 'BACKUP_DAMAGED' } } });
  }
  expect(await fingerprint(join(place.path, 'there'))).toEqual(there);
  expect(await readdir(join(place.path, 'new')).catch(() => [])).toEqual([]);
  // What was found is written down beside it; nothing else is touched.
  const record = `${backup}.damaged.json `;
  expect((await fingerprint(place.backups)).filter((file) => !file.startsWith(record))).toEqual(stored);
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});

/** An archive as OpenQuant would have made it, with what `fill` puts into its folder. */
async function foreignArchive(
  place: Place,
  fill: (folder: string) => Promise<void>,
  ...tarOptions: readonly string[]
): Promise<void> {
  const name = 'backup_foreign';
  const folder = join(place.path, 'made', name);
  await mkdir(folder, { recursive: true });
  const metadata = {
    timestamp: '2026-11-23T00:27:09.511715+00:00',
    databases: [
      { name: 'my.duckdb', original_path: 'data/my.duckdb', size_bytes: (await stat(template)).size },
    ],
  };
  await writeFile(join(folder, 'backup_metadata.json'), JSON.stringify(metadata));
  await fill(folder);
  const archive = join(place.backups, `${name}.tar.gz`);
  execFileSync('tar', ['-czPf', archive, '-C', join(place.path, 'made'), ...tarOptions, name]);
  await rm(join(place.path, 'made'), { recursive: true });
}

test.each([
  {
    title: 'a link in the place of a database',
    make: (place: Place) =>
      foreignArchive(place, (folder) => symlink(join(place.path, 'secret'), join(folder, 'my.duckdb'))),
  },
  {
    title: 'a path that leads out of the folder',
    make: (place: Place) =>
      foreignArchive(
        place,
        (folder) => copyFile(template, join(folder, 'my.duckdb')),
        '--transform',
        's#my.duckdb#../../../escaped.duckdb#',
      ),
  },
  {
    title: 'an absolute path',
    make: (place: Place) =>
      foreignArchive(
        place,
        (folder) => copyFile(template, join(folder, 'my.duckdb')),
        '--transform',
        `s#^.*my.duckdb#${join(place.path, 'escaped.duckdb')}#`,
      ),
  },
])('an archive with $title writes nothing anywhere', async ({ make }) => {
  await using place = await Place.make(template);
  await writeFile(join(place.path, 'secret'), 'mine');
  await make(place);
  const before = (await readdir(place.path)).sort();
  const { status, json } = await place.run('restore', 'backup_foreign', '--restore-dir', 'out', '--json');
  expect(status).toBe(3);
  expect(json).toMatchObject({ error: { code: 'ARCHIVE_HOSTILE' } });
  expect(await readdir(join(place.path, 'out')).catch(() => [])).toEqual([]);
  expect((await readdir(place.path)).filter((name) => name !== 'out').sort()).toEqual(before);
  expect(await readFile(join(place.path, 'secret'), 'utf8')).toBe('mine');
  await place.expectSourceUntouched();
  await place.expectGoodRestores();
});

test('the same archive without anything wrong in it is restored', async () => {
  await using place = await Place.make(template);
  await foreignArchive(place, (folder) => copyFile(template, join(folder, 'my.duckdb')));
  const run = await place.run('restore', 'backup_foreign', '--restore-dir', 'out');
  expect(run.status, run.stderr).toBe(0);
  const restored = await databaseHashes(join(place.path, 'out', basename(place.database)));
  expect(restored['']).toBe((await databaseHashes(template))['']);
});
