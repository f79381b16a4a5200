import { join } from 'node:path';

import { afterEach, expect, test, vi } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { RULES, type Rules } from '../../src/lib/snapshot/rules.ts';
import { writeSnapshot } from '../../src/lib/snapshot/write-snapshot.ts';
import { tempFolder } from '../make-database.ts';
import { Actor } from './actor.ts';
import { afterLastBlock } from './between-passes.ts';

const ROWS = 1_000_000;
const numbers = (from: number): string => `SELECT hash(i + ${from}) AS h FROM range(${ROWS}) r(i)`;

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * Copies a database in which a query holds blocks that a checkpoint has freed, and that the checkpoint after it no longer
 * lists. When the first pass has read everything the query ends, and another table takes the blocks.
 *
 * @returns whether the other table is right in the copy.
 */
async function copyWhileBlocksAreTaken(rules: Rules): Promise<boolean> {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  await using writer = await Actor.open(path);
  await writer.sql(`CREATE TABLE t AS ${numbers(0)}`, 'CREATE TABLE log (i INTEGER)', 'CHECKPOINT');
  await writer.sql('UPDATE t SET h = h + 1 WHERE h < 18000000000000000000');
  await writer.beginQuery('SELECT * FROM t');
  await writer.sql('CHECKPOINT', 'INSERT INTO log VALUES (1)', 'CHECKPOINT');
  afterLastBlock(async () => {
    await writer.endQuery();
    await writer.sql(`CREATE TABLE other AS ${numbers(ROWS)}`, 'CHECKPOINT', 'INSERT INTO log VALUES (2)');
  });
  await using scratch = await ScratchFolder.create(folder.path);
  await using snapshot = await freezeDatabase(await DatabaseReader.open(path), {
    name: 'a',
    scratch,
    waitMs: 20_000,
    clone: false,
    rules,
  });
  const to = join(folder.path, 'copy.duckdb');
  await writeSnapshot(snapshot, to);
  expect(snapshot.passes).toBe(2);
  await using copy = await Actor.open(to);
  const rows = await copy.sql(
    `SELECT count(*)::INTEGER, bit_xor(h) = (SELECT bit_xor(h) FROM (${numbers(ROWS)})) FROM other`,
  );
  expect(rows[0]?.[0]).toBe(ROWS);
  return rows[0]?.[1] === true;
}

test('a block that a query held over two checkpoints, and that was written when it ended, is copied again', async () => {
  expect(await copyWhileBlocksAreTaken(RULES)).toBe(true);
}, 60_000);

test('trust that does not compare would keep what was in it before', async () => {
  expect(await copyWhileBlocksAreTaken({ ...RULES, isAsCopied: () => true })).toBe(false);
}, 60_000);
