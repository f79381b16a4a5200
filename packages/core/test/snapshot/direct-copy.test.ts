import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DirectWrites } from '@quackup/target-api';
import { afterEach, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  [true, 'its blocks go past the cache'],
  [false, 'it goes with the cache'],
])('a copy that is kept (%s): %s', async (isKept, _what) => {
  using folder = tempFolder();
  await using scratch = await ScratchFolder.create(folder.path);
  const path = join(folder.path, 'a.duckdb');
  runSql(path, 'CREATE TABLE t AS SELECT md5(i::VARCHAR) AS s FROM range(100_000) r(i)', 'CHECKPOINT');
  writeFileSync(join(folder.path, 'any'), '');
  const direct = await DirectWrites.open(join(folder.path, 'any'));
  await direct?.close();
  const write = vi.spyOn(DirectWrites.prototype, 'write');
  const close = vi.spyOn(DirectWrites.prototype, 'close');

  await using holder = await Holder.open(path);
  const options = { scratch, waitMs: 20_000, freeze: true, isKept };
  const snapshot = await openSnapshot({ name: path, path }, options);
  expect([holder.pid > 0, snapshot.method]).toEqual([true, 'hot']);
  const written = await Promise.all(write.mock.results.map(({ value }) => value as Promise<boolean>));
  // There are 8, or none where this disk has no such writes.
  const blocks = written.filter((each) => each).length;
  if (isKept && direct !== undefined) expect(blocks).toBeGreaterThan(4);
  else expect(blocks).toBe(0);
  expect(written.every((each) => each)).toBe(true);
  await snapshot[Symbol.asyncDispose]();
  expect(close).toHaveBeenCalledTimes(isKept && direct !== undefined ? 1 : 0);
});
