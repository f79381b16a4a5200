import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { describe, expect, test } from 'vitest';

import { createBackup, restoreBackup } from '../../src/index.ts';
import {
  describeHolders,
  findLockHolders,
  mayHaveWriter,
  parseLsof,
  parseProcLocks,
} from '../../src/lib/snapshot/lock-holders.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

test('POSIX locks are read from /proc/locks; those that wait, and others, are left out', () => {
  const text = `1: POSIX  ADVISORY  WRITE 4711 fe:01:131074 0 EOF
2: FLOCK  ADVISORY  WRITE 812 fe:01:131075 0 EOF
3: POSIX  ADVISORY  READ 4712 00:2b:77 0 EOF
3: -> POSIX  ADVISORY  WRITE 4713 00:2b:77 0 EOF
4: OFDLCK ADVISORY  READ -1 00:2b:78 0 EOF
`;
  expect(parseProcLocks(text)).toEqual([
    { pid: 4711, mode: 'write', device: 'fe:01', inode: 131_074n },
    { pid: 4712, mode: 'read', device: '00:2b', inode: 77n },
  ]);
});

test('on macOS lsof tells who has the file open, and who may write', () => {
  expect(parseLsof('p4711\ncnode\nf21\nlW\np4712\ncduckdb\nf3\nlr\np4713\ncless\nf4\nl \n')).toEqual([
    { pid: 4711, command: 'node', mode: 'write' },
    { pid: 4712, command: 'duckdb', mode: 'read' },
    { pid: 4713, command: 'less', mode: 'read' },
  ]);
});

test('where nobody can tell, somebody may be writing', () => {
  expect(mayHaveWriter('unknown')).toBe(true);
  expect(mayHaveWriter([])).toBe(false);
  expect(mayHaveWriter([{ pid: 1, command: undefined, mode: 'read' }])).toBe(false);
});

test('on Windows nothing is known', async () => {
  expect(await findLockHolders('a.duckdb', 'win32')).toBe('unknown');
});

describe.runIf(process.platform === 'linux')('a database that a process has open', () => {
  test('is said to be held by it, with its command, as long as it is', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
    expect(await findLockHolders(path)).toEqual([]);
    const holder = await Holder.open(path);
    const holders = await findLockHolders(path);
    expect(holders).toEqual([
      { pid: holder.pid, mode: 'write', command: expect.stringContaining('node') as string },
    ]);
    if (holders === 'unknown') throw new Error('unknown');
    expect(describeHolders(holders)).toMatch(new RegExp(`^process ${holder.pid} \\(.*node`));
    await holder[Symbol.asyncDispose]();
    expect(await findLockHolders(path)).toEqual([]);
  });

  test('is named in the backup, and a restore over it is refused with the process', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'a.duckdb');
    runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT');
    await using holder = await Holder.open(path);
    const target = { name: 'memory', target: new MemoryTarget() };
    const messages: string[] = [];
    const { backup } = await createBackup({
      databases: [{ name: 'a.duckdb', path }],
      targets: [target],
      onProgress: (event) => {
        if (event.type === 'message') messages.push(event.text);
      },
    });
    expect(messages).toContainEqual(
      expect.stringMatching(new RegExp(`^a\\.duckdb is in use by process ${holder.pid} \\(`)),
    );
    const before = readFileSync(path);
    await expect(
      restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true }),
    ).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      message: expect.stringContaining(`${path} is open in process ${holder.pid} (`) as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});
