/** A disk that fills up while a database is written, by one thread or by many. */
import { readdirSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { expect, test, vi } from 'vitest';

import { createBackup, restoreBackup } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const open: typeof Files.open = async (path, ...rest) => {
    if (!String(path).endsWith('.quackup-new')) return files.open(path, ...rest);
    // Takes no byte, from whichever thread. A device has no length to set.
    const full = await files.open('/dev/full', 'r+');
    return Object.assign(full, { truncate: async () => {}, chmod: async () => {} });
  };
  return { ...files, open };
});

test.runIf(process.platform === 'linux').each([1_000, 400_000])(
  'is NO_SPACE, for a database of %i rows',
  async (rows) => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(
      path,
      `ATTACH '${path}.small' AS small (BLOCK_SIZE 16384)`,
      `CREATE TABLE small.t AS SELECT i, md5(i::VARCHAR) AS s FROM range(${rows}) r(i)`,
      'CHECKPOINT small',
    );
    const target = { name: 'memory', target: new MemoryTarget() };
    const { backup } = await createBackup({
      databases: [{ name: 'a.duckdb', path: `${path}.small` }],
      targets: [target],
    });
    const restoreDir = join(folder.path, 'restored');
    await expect(restoreBackup(target, backup, { restoreDir })).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining('ENOSPC') as string,
    });
    expect(readdirSync(restoreDir)).toEqual([]);
  },
);
