import { utimesSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { WalCapture } from '../../src/lib/snapshot/wal-capture.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('what is trusted is compared after the head and the WAL were read, and before anything is copied', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT hash(i) AS h FROM range(300000) r(i)', 'CHECKPOINT');
  await using _holder = await Holder.open(path);
  await using scratch = await ScratchFolder.create(folder.path);
  const readHead = vi.spyOn(DatabaseReader.prototype, 'readHead');
  const capture = vi.spyOn(WalCapture, 'take');
  const peek = vi.spyOn(DatabaseReader.prototype, 'peek');
  const readBlock = vi.spyOn(DatabaseReader.prototype, 'readBlock');
  let copied = 0;
  await using snapshot = await freezeDatabase(await DatabaseReader.open(path), {
    name: 'a',
    scratch,
    waitMs: 20_000,
    clone: false,
    // So that there is a second pass.
    onBytes: () => {
      if (copied === 0) utimesSync(path, new Date(), new Date());
      copied += 1;
    },
  });
  expect(snapshot.passes).toBe(2);
  const [second = 0] = capture.mock.invocationCallOrder.slice(1);
  const peeks = peek.mock.invocationCallOrder;
  const blocks = new Set(peek.mock.calls.map(([id]) => id));
  // Each trusted block once: the data, and neither metadata nor anything in the first pass.
  expect(blocks.size).toBeGreaterThan(5);
  expect(peeks).toHaveLength(blocks.size);
  expect(Math.min(...peeks)).toBeGreaterThan(second);
  const firstPass = Math.max(...readBlock.mock.invocationCallOrder.filter((at) => at < second));
  expect(readHead.mock.invocationCallOrder.some((at) => firstPass < at && at < second)).toBe(true);
  const later = readBlock.mock.invocationCallOrder.filter((at) => at > second);
  expect(later.length).toBeGreaterThan(0);
  expect(Math.min(...later)).toBeGreaterThan(Math.max(...peeks));
  // What is trusted is not read again in full.
  expect(later.length + blocks.size).toBe(copied - later.length);
}, 15_000);
