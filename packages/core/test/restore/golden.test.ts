import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from 'vitest';

import type { Expected } from '../../golden/make.ts';
import {
  listBackups,
  type NamedTarget,
  restoreBackup,
  verifyBackup,
  type VerifyLevel,
} from '../../src/index.ts';
import { tempFolder } from '../make-database.ts';
import { storedIn } from '../archive/stored-backup.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/format-1');

async function query(path: string, sql: string): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('no golden backup of format 1 has been removed', () => {
  expect(readdirSync(GOLDEN)).toEqual(
    expect.arrayContaining(['zstd', 'gzip', 'none', 'wal', 'wal-none', 'holes', 'several', 'non-ascii']),
  );
});

describe.each(readdirSync(GOLDEN))('the golden backup %s of format 1', (name) => {
  const folder = join(GOLDEN, name);
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
  const { backup, databases } = expected;
  const stored = (): Promise<NamedTarget> => storedIn(folder);

  test('is listed as whole', async () => {
    const listed = await listBackups(await stored());
    expect(listed).toMatchObject([{ name: backup, databases: databases.map((database) => database.name) }]);
    expect(listed[0]).not.toHaveProperty('damaged');
  });

  test.each(['archive', 'blocks', 'scan'] as const satisfies VerifyLevel[])(
    'verifies at level %s',
    async (level) => {
      using place = tempFolder();
      const report = await verifyBackup(await stored(), backup, { level, tempDir: place.path });
      expect(report).toMatchObject({ ok: true, problems: [], notes: [] });
    },
  );

  test('restores to the same bytes and the same rows', async () => {
    using place = tempFolder();
    const restoreDir = join(place.path, 'restored');
    await restoreBackup(await stored(), backup, { restoreDir });
    const files = databases.flatMap((database) => Object.entries(database.files));
    expect(readdirSync(restoreDir).sort()).toEqual(files.map(([file]) => file).sort());
    for (const [file, { sizeBytes, sha256 }] of files) {
      const bytes = readFileSync(join(restoreDir, file));
      expect([file, bytes.length]).toEqual([file, sizeBytes]);
      expect([file, createHash('sha256').update(bytes).digest('hex')]).toEqual([file, sha256]);
    }
    for (const database of databases) {
      for (const { sql, rows } of database.queries) {
        expect(await query(join(restoreDir, database.name), sql)).toEqual(rows);
      }
    }
  });
});

test.runIf(process.platform === 'linux')('free blocks of a golden backup are restored as holes', async () => {
  using place = tempFolder();
  const folder = join(GOLDEN, 'holes');
  await restoreBackup(await storedIn(folder), 'backup_20260106_020304', { restoreDir: place.path });
  const { size, blocks } = statSync(join(place.path, 'holes.duckdb'));
  expect(blocks * 512).toBeLessThan(size / 2);
});
