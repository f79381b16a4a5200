import { utimesSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

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
