/** What docs/restore-without-quackup.md promises: the script in docs/ puts any backup together. */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { formatIdentity, generateIdentity, recipientOf } from '@quackup/age';
import { createBackup, restoreBackup } from '@quackup/core';
import { hasProgram, runSql, whyNoPrograms } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { databaseHashes } from '../support/file-set.ts';
import { localBackups } from '../support/local-backups.ts';
import { makeSource } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../../../docs/assemble.py', import.meta.url));

test.runIf(hasProgram('python3')).for([
  ['zstd', hasProgram('zstd')],
  ['gzip', true],
  ['none', true],
] as const)(
  'full and incremental backups in archives of %s are put together by the script in docs/',
  async ([algorithm, isThere], { skip }) => {
    if (!isThere) skip('zstd is not installed');
    await using folder = await tempFolder();
    const path = join(folder.path, 'my.duckdb');
    const backups = join(folder.path, 'backups');
    await makeSource(path, 200_000);
    const databases = [{ name: 'my.duckdb', path }];
    const names: string[] = [];
    for (const kind of ['full', 'incremental']) {
      const report = await createBackup({
        databases,
        targets: [localBackups(backups)],
        compression: { algorithm },
      });
      expect(report.kind).toBe(kind);
      names.push(report.backup);
      await runSql(path, ['UPDATE t SET h = 7 WHERE i = 150000', 'CHECKPOINT']);
    }
    for (const name of names) {
      const [ours, theirs] = [join(folder.path, `${name}-ours`), join(folder.path, `${name}-theirs`)];
      await restoreBackup(localBackups(backups), name, { restoreDir: ours });
      const { status, stderr } = spawnSync('python3', [SCRIPT, join(backups, `${name}.json`), theirs], {
        encoding: 'utf8',
      });
      expect(status, stderr).toBe(0);
      expect(await databaseHashes(join(theirs, 'my.duckdb'))).toEqual(
        await databaseHashes(join(ours, 'my.duckdb')),
      );
    }
    // A block that is not what it was is named, wherever it lies.
    const [full = '', incremental = ''] = names;
    const archive = join(backups, `${full}.tar${{ zstd: '.zst', gzip: '.gz', none: '' }[algorithm]}`);
    const bytes = await readFile(archive);
    bytes.writeUInt8(bytes.readUInt8(200_000) ^ 1, 200_000);
    await writeFile(archive, bytes);
    await mkdir(join(folder.path, 'damaged'));
    const { status } = spawnSync('python3', [
      SCRIPT,
      join(backups, `${incremental}.json`),
      join(folder.path, 'damaged'),
    ]);
    expect(status).toBe(1);
  },
);

const missing = whyNoPrograms('age', 'zstd', 'python3');

test('encrypted backups are put together by the script too, with the key and not without', async ({
  skip,
}) => {
  if (missing !== undefined) skip(missing);
  await using folder = await tempFolder();
  const path = join(folder.path, 'my.duckdb');
  const backups = join(folder.path, 'backups');
  const key = join(folder.path, 'key.txt');
  const identity = await generateIdentity();
  await writeFile(key, await formatIdentity(identity, new Date(0)), { mode: 0o600 });
  const encryption = { recipients: [await recipientOf(identity)] };
  await makeSource(path, 50_000);
  const databases = [{ name: 'my.duckdb', path }];
  const memoryDir = join(folder.path, 'memory');
  for (const kind of ['full', 'incremental']) {
    const report = await createBackup({ databases, targets: [localBackups(backups)], encryption, memoryDir });
    expect(report.kind).toBe(kind);
    const manifest = join(backups, `${report.backup}.json`);
    const [ours, theirs] = [join(folder.path, `${kind}-ours`), join(folder.path, `${kind}-theirs`)];
    await restoreBackup(localBackups(backups), report.backup, {
      restoreDir: ours,
      keys: async () => [identity],
    });
    const refused = spawnSync('python3', [SCRIPT, manifest, theirs], { encoding: 'utf8' });
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('secret key') });
    const { status, stderr } = spawnSync('python3', [SCRIPT, manifest, theirs, key], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    expect((await readdir(theirs)).toSorted()).toEqual((await readdir(ours)).toSorted());
    expect(await databaseHashes(join(theirs, 'my.duckdb'))).toEqual(
      await databaseHashes(join(ours, 'my.duckdb')),
    );
    await runSql(path, ['UPDATE t SET h = 7 WHERE i = 15000', 'CHECKPOINT']);
  }
});
