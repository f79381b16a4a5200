import { join } from 'node:path';

import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { createBackup, restoreBackup, verifyBackup } from '../../src/index.ts';
import { at, named, smallDatabase } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';

test('a damaged chunk of an earlier archive is said to lie there, by verify and by a restore', async () => {
  using database = smallDatabase();
  using out = tempFolder();
  const store = new MemoryStore();
  const target = named(new MemoryTarget({ store }));
  const databases = [database.source];
  const first = await createBackup({ databases, targets: [target], clock: at(1) });
  const second = await createBackup({ databases, targets: [target], clock: at(2) });
  const archive = `${first.backup}.tar.zst`;
  const bytes = Buffer.from(store.objects.get(archive) ?? []);
  // In the middle of the chunks; the index is at the end.
  const middle = Math.floor(bytes.length / 3);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  store.set(archive, bytes);

  const { problems } = await verifyBackup(target, second.backup, { level: 'scan', tempDir: out.path });
  expect(problems.map(({ object }) => object)).toContain(archive);
  expect(problems.map(({ message }) => message).join('\n')).toMatch(
    /chunk \d+ of small\.duckdb, in backup_20260101/,
  );

  await expect(
    restoreBackup(target, second.backup, { restoreDir: join(out.path, 'out') }),
  ).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
    message: expect.stringContaining(`in ${archive}`),
    hint: expect.stringContaining('verify --all'),
  });
});
