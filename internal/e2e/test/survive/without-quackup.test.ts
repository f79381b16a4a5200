/** What docs/restore-without-quackup.md promises: the script in docs/ puts any backup together. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createBackup, restoreBackup } from '@quackup/core';
import { runSql } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { databaseHashes } from '../support/file-set.ts';
import { localBackups } from '../support/local-backups.ts';
import { makeSource } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../../../docs/assemble.py', import.meta.url));

const canRun = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

test.runIf(canRun('python3')).for([
  ['zstd', canRun('zstd')],
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
