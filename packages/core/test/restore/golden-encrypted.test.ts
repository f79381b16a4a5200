import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseIdentities } from '@quackup/age';
import { describe, expect, test } from 'vitest';

import type { EncryptedExpected } from '../../golden/make-encrypted.ts';
import {
  type KeySource,
  listBackups,
  restoreBackup,
  verifyBackup,
  type VerifyLevel,
} from '../../src/index.ts';
import { storedIn } from '../archive/stored-backup.ts';
import { runSql, tempFolder } from '../make-database.ts';

const GOLDEN = join(import.meta.dirname, '../../golden/format-2');
const CASES = readdirSync(GOLDEN, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const keys: KeySource = async () => parseIdentities(readFileSync(join(GOLDEN, 'identity.txt'), 'utf8'));

/** SHA-256 of every file below the folder when it was made: none of them is ever made again. */
const FROZEN = '890ca9282b57ea7ff5a9f7ab59519048f4d206813f8cde7f4e9a34109fc19f26';

test('no golden backup of format 2 has been changed or removed', () => {
  const all = createHash('sha256');
  for (const file of readdirSync(GOLDEN, { recursive: true, encoding: 'utf8' }).toSorted()) {
    if (!/\.(?:age|json|txt)$/.test(file)) continue;
    all.update(file.replaceAll('\\', '/')).update(readFileSync(join(GOLDEN, file)));
  }
  expect(all.digest('hex')).toBe(FROZEN);
  expect(CASES).toEqual(expect.arrayContaining(['gzip', 'none', 'wal', 'zstd']));
});

describe.each(CASES)('the golden backups %s of format 2', (name) => {
  const folder = join(GOLDEN, name);
  const { backups } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as EncryptedExpected;

  test('are listed as whole without a key', async () => {
    const listed = await listBackups(await storedIn(folder));
    expect(listed.map((each) => each.name)).toEqual(backups.map(({ backup }) => backup).toReversed());
    for (const summary of listed) {
      expect(summary).toMatchObject({ encrypted: true });
      expect(summary.damaged).toBeUndefined();
    }
  });

  test.each(['archive', 'blocks', 'scan'] as const satisfies VerifyLevel[])(
    'verify at level %s',
    async (level) => {
      using place = tempFolder();
      for (const { backup } of backups) {
        const report = await verifyBackup(await storedIn(folder), backup, {
          level,
          keys,
          tempDir: place.path,
        });
        expect(report).toMatchObject({ ok: true, problems: [] });
      }
    },
  );

  test('restore to the same bytes and the same rows', async () => {
    for (const { backup, files, queries } of backups) {
      using place = tempFolder();
      const restoreDir = join(place.path, 'restored');
      await restoreBackup(await storedIn(folder), backup, { restoreDir, keys });
      expect(readdirSync(restoreDir).toSorted()).toEqual(Object.keys(files).toSorted());
      for (const [file, { sizeBytes, sha256 }] of Object.entries(files)) {
        const bytes = readFileSync(join(restoreDir, file));
        expect([file, bytes.length]).toEqual([file, sizeBytes]);
        expect([file, createHash('sha256').update(bytes).digest('hex')]).toEqual([file, sha256]);
      }
      for (const { sql, rows } of queries)
        expect(runSql(join(restoreDir, 'results.duckdb'), sql)).toEqual(rows);
    }
  });
});
