/** What docs/restore-without-quackup.md promises of encrypted backups: Debian's `age` and tar, and the script in docs/. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { formatIdentity, generateIdentity, recipientOf } from '@quackup/age';
import { createBackup, restoreBackup } from '@quackup/core';
import { runSql, whyNoPrograms } from '@quackup/fixtures';
import { expect, test } from 'vitest';

import { databaseHashes } from '../support/file-set.ts';
import { localBackups } from '../support/local-backups.ts';
import { makeSource } from '../support/place.ts';
import { tempFolder } from '../support/temp-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../../../docs/assemble.py', import.meta.url));

const missing = whyNoPrograms('age', 'tar', 'zstd', 'python3');

test('a full backup restores with age and tar, an incremental one with the script in docs/', async ({
  skip,
}) => {
  if (missing !== undefined) skip(missing);
  await using folder = await tempFolder();
  const path = join(folder.path, 'my.duckdb');
  const backups = join(folder.path, 'backups');
  const keyFile = join(folder.path, 'key.txt');
  await makeSource(path, 200_000);
  const identity = await generateIdentity();
  await writeFile(keyFile, await formatIdentity(identity, new Date()), { mode: 0o600 });
  const encryption = { recipients: [await recipientOf(identity)] };
  const names: string[] = [];
  for (const kind of ['full', 'incremental']) {
    const report = await createBackup({
      databases: [{ name: 'my.duckdb', path }],
      targets: [localBackups(backups)],
      encryption,
      memoryDir: join(folder.path, 'memory'),
    });
    expect(report.kind).toBe(kind);
    names.push(report.backup);
    await runSql(path, ['UPDATE t SET h = 7 WHERE i = 150000', 'CHECKPOINT']);
  }
  const ours = async (name: string): Promise<unknown> => {
    const restoreDir = join(folder.path, `${name}-ours`);
    await restoreBackup(localBackups(backups), name, { restoreDir, keys: async () => [identity] });
    return databaseHashes(join(restoreDir, 'my.duckdb'));
  };
  const [full = '', incremental = ''] = names;

  const unpacked = join(folder.path, 'unpacked');
  await mkdir(unpacked);
  const pipe = 'set -o pipefail; age -d -i "$1" "$2" | tar --zstd -x -C "$3"';
  const archive = join(backups, `${full}.tar.zst.age`);
  const { status, stderr } = spawnSync('bash', ['-c', pipe, 'bash', keyFile, archive, unpacked], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  expect(await databaseHashes(join(unpacked, full, 'my.duckdb'))).toEqual(await ours(full));

  for (const name of names) {
    const into = join(folder.path, `${name}-theirs`);
    const run = spawnSync('python3', [SCRIPT, join(backups, `${name}.json`), into, keyFile], {
      encoding: 'utf8',
    });
    expect(run.status, run.stderr).toBe(0);
    expect(await databaseHashes(join(into, 'my.duckdb'))).toEqual(
      name === full ? await databaseHashes(join(folder.path, `${full}-ours`, 'my.duckdb')) : await ours(name),
    );
  }

  // What stands outside in a manifest is not believed.
  const manifest = join(backups, `${incremental}.json`);
  await writeFile(manifest, readFileSync(manifest, 'utf8').replace(/"sizeBytes": \d+/, '"sizeBytes": 1'));
  const forged = spawnSync('python3', [SCRIPT, manifest, join(folder.path, 'forged'), keyFile], {
    encoding: 'utf8',
  });
  expect(forged.status).toBe(1);
  expect(forged.stderr).toContain('not what was sealed in it');
});
