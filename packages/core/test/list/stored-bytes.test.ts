import { MemoryStore, MemoryTarget } from '@quackup/target-testkit';
import { expect, test } from 'vitest';

import { cleanupBackups, createBackup, listBackups, runDaily, storedBytesOf } from '../../src/index.ts';
import { at, named, smallDatabase } from '../backup/small-place.ts';
import { tempFolder } from '../make-database.ts';

test('what is stored is every archive that a listed backup needs, once', async () => {
  using database = smallDatabase();
  using temp = tempFolder();
  const store = new MemoryStore();
  const target = named(new MemoryTarget({ store }));
  const backUp = (day: number): ReturnType<typeof createBackup> =>
    createBackup({ databases: [database.source], targets: [target], clock: at(day) });
  const onTarget = (): number =>
    [...store.objects].reduce(
      (sum, [key, bytes]) => (key.endsWith('.tar.zst') ? sum + bytes.length : sum),
      0,
    );
  for (const day of [1, 2, 3]) await backUp(day);
  expect(storedBytesOf(await listBackups(target))).toBe(onTarget());
  // The archive of the first one stays, since the others refer to it.
  const { removed } = await cleanupBackups(target, { policy: { keepLast: 1 }, clock: at(60) });
  expect(removed).toHaveLength(2);
  const left = await listBackups(target);
  expect(left).toHaveLength(1);
  expect(left[0]?.storedBytes).toBeLessThan(onTarget());
  expect(storedBytesOf(left)).toBe(onTarget());
  const { lastGood } = await runDaily({
    databases: [database.source],
    targets: [target],
    policy: { keepLast: 1 },
    clock: at(5),
    tempDir: temp.path,
  });
  expect(lastGood).toMatchObject([{ backups: 1, storedBytes: onTarget() }]);
});
