/** Holders of a file that has another name by now, on a file system that has two device numbers, like btrfs. */
import { linkSync, renameSync, writeFileSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { findLockHolders } from '../../src/lib/snapshot/lock-holders.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const readFile = async (path: string, encoding: 'latin1'): Promise<string> => {
    const text = await files.readFile(path, encoding);
    return path === '/proc/locks' ? text.replaceAll(/ [0-9a-f]+:[0-9a-f]+:(\d+) /g, ' 00:00:$1 ') : text;
  };
  return { ...files, readFile };
});

test.runIf(process.platform === 'linux')(
  'who opened it under its first name is found under the other',
  async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
    await using holder = await Holder.open(path);
    linkSync(path, `${path}.bak`);
    writeFileSync(`${path}.guard`, 'not a database');
    renameSync(`${path}.guard`, path);
    expect(await findLockHolders(`${path}.bak`)).toMatchObject([{ pid: holder.pid, mode: 'write' }]);
    expect(await findLockHolders(path)).toEqual([]);
  },
);
