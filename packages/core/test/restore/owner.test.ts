/** Whose a restored file is, and who may read it. */
import { chmodSync, chownSync, statSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { join } from 'node:path';

import { MemoryTarget } from '@quackup/target-testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { createBackup, type NamedTarget, restoreBackup } from '../../src/index.ts';
import { runSql, tempFolder } from '../make-database.ts';

const { rights } = vi.hoisted(() => ({ rights: { refused: undefined as string | undefined } }));
vi.mock('node:fs/promises', async (original) => {
  const files = await original<typeof Files>();
  const open: typeof Files.open = async (...values) => {
    const handle = await files.open(...values);
    const { refused } = rights;
    if (refused === undefined) return handle;
    const refuse = async (): Promise<void> => {
      throw Object.assign(new Error(`${refused}: operation not permitted`), {
        code: refused,
        syscall: 'fchown',
      });
    };
    return Object.assign(handle, { chown: refuse, chmod: refuse });
  };
  return { ...files, open };
});

let folder: ReturnType<typeof tempFolder>;
let path: string;
let target: NamedTarget;
let backup: string;
const umask = process.umask();

/** A database with a WAL. */
beforeEach(async () => {
  folder = tempFolder();
  path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT 1 AS i', 'CHECKPOINT', 'INSERT INTO t VALUES (2)');
  chmodSync(path, 0o664);
  target = { name: 'memory', target: new MemoryTarget() };
  ({ backup } = await createBackup({ databases: [{ name: 'a.duckdb', path }], targets: [target] }));
});
afterEach(() => {
  process.umask(umask);
  rights.refused = undefined;
  folder[Symbol.dispose]();
});

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const ownerOf = (file: string): string => `${statSync(file).uid}:${statSync(file).gid}`;
const restore = () => restoreBackup(target, backup, { restoreDir: folder.path, overwrite: true });

describe.skipIf(process.platform === 'win32')('a restored database', () => {
  test('may be read by whom the backup says, whatever the umask', async () => {
    process.umask(0o077);
    const restoreDir = join(folder.path, 'restored');
    await restoreBackup(target, backup, { restoreDir });
    expect(modeOf(join(restoreDir, 'a.duckdb'))).toBe('664');
    expect(modeOf(join(restoreDir, 'a.duckdb.wal'))).toBe('664');
  });

  test('may be read by who could read the file that it replaces', async () => {
    process.umask(0o077);
    chmodSync(path, 0o640);
    const { warnings } = await restore();
    expect(warnings).toEqual([]);
    expect([modeOf(path), modeOf(`${path}.wal`)]).toEqual(['640', '640']);
  });

  test.runIf(process.getuid?.() === 0)('belongs to whom that file belonged', async () => {
    chownSync(path, 1000, 1001);
    const { warnings } = await restore();
    expect(warnings).toEqual([]);
    expect([ownerOf(path), ownerOf(`${path}.wal`)]).toEqual(['1000:1001', '1000:1001']);
  });

  test.runIf(process.getuid?.() === 0)(
    'is there also where owners cannot be kept, with a warning',
    async () => {
      chownSync(path, 1000, 1001);
      rights.refused = 'EPERM';
      const { restored, warnings } = await restore();
      expect(restored).toHaveLength(1);
      expect(warnings).toEqual([expect.stringContaining('user 1000, group 1001')]);
      expect(warnings[0]).toContain(path);
    },
  );
});
