import { utimesSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import type { Snapshot } from '../../src/lib/snapshot/snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a database that is written once during the copy and then left alone is copied soon', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT range AS i FROM range(1000)', 'CHECKPOINT');
  await using _holder = await Holder.open(path);
  await using scratch = await ScratchFolder.create(folder.path);
  let touched = false;
  await using snapshot = await freezeDatabase(await DatabaseReader.open(path), {
    name: 'a',
    scratch,
    waitMs: 20_000,
    clone: false,
    // As a load that is rolled back: blocks were written, and neither a commit nor a header will come of it.
    onBytes: () => {
      if (!touched) utimesSync(path, new Date(), new Date());
      touched = true;
    },
  });
  expect(touched).toBe(true);
  expect(snapshot.passes).toBe(2);
}, 15_000);

/** Copies a database that somebody has open and does not write, whose WAL holds nothing. */
async function copyStill(folder: string): Promise<Snapshot> {
  const path = join(folder, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT range AS i FROM range(1000)', 'CHECKPOINT');
  await using _holder = await Holder.open(path);
  const scratch = await ScratchFolder.create(folder);
  const options = { name: 'a', scratch, waitMs: 20_000, clone: false };
  return await freezeDatabase(await DatabaseReader.open(path), options);
}

// A writer that waits for the disk between F and H is as still as one that does nothing.
test('a still database is accepted a second after the disk has everything, not before', async () => {
  using folder = tempFolder();
  const disk = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  vi.spyOn(DatabaseReader.prototype, 'sync').mockImplementation(() => {
    asked.resolve();
    return disk.promise;
  });
  let syncedMs = Infinity;
  const taking = copyStill(folder.path);
  await asked.promise;
  setTimeout(() => {
    syncedMs = performance.now();
    disk.resolve();
  }, 1500);
  await using snapshot = await taking;
  expect(snapshot.passes).toBe(1);
  expect(performance.now() - syncedMs).toBeGreaterThanOrEqual(999);
}, 15_000);

test('if the disk refuses to tell, another pass is made', async () => {
  using folder = tempFolder();
  const sync = vi.spyOn(DatabaseReader.prototype, 'sync');
  sync.mockRejectedValueOnce(Object.assign(new Error('disk'), { code: 'EIO' }));
  await using snapshot = await copyStill(folder.path);
  expect(snapshot.passes).toBe(2);
  expect(sync).toHaveBeenCalledTimes(2);
}, 15_000);
