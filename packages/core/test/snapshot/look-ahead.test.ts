import { copyFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { DatabaseReader, type HeadAndBlocks } from '../../src/lib/snapshot/database-reader.ts';
import { LookAhead, newSubBlocks } from '../../src/lib/snapshot/look-ahead.ts';
import { runSql, tempFolder } from '../make-database.ts';

const ALL_FREE = (1n << 64n) - 1n;

test('new sub-blocks are those that were free and are not any more, and all used ones of a new metadata block', () => {
  const before = { metadata: new Map([[3, ALL_FREE - 0b0111n]]) };
  const next = {
    metadata: new Map([
      [3, ALL_FREE - 0b1101n],
      [7, ALL_FREE - 0b0011n],
      [9, ALL_FREE],
    ]),
  };
  expect(newSubBlocks(before, next)).toEqual(
    new Map([
      [3, [3]],
      [7, [0, 1]],
    ]),
  );
});

/** A database whose WAL is empty, and what makes a checkpoint run. */
const EMPTY_WAL = ['CREATE TABLE t AS SELECT range AS i FROM range(300000)', 'CHECKPOINT'];
const LOAD = ['INSERT INTO t SELECT range FROM range(300000)', 'CHECKPOINT'];

const use = ({ blocks }: HeadAndBlocks) => {
  if (blocks.use === undefined) throw new Error('the head cannot be read');
  return blocks.use;
};

test('a checkpoint that came after the note is told from one that had begun before', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  runSql(path, ...EMPTY_WAL);
  await using reader = await DatabaseReader.open(path);
  const before = await reader.readHeadAndBlocks();
  const { blockSize } = before.blocks;
  const early = await LookAhead.take(reader, use(before), blockSize);

  runSql(path, ...LOAD);
  const next = await reader.readHeadAndBlocks();
  if (before.head.layout.kind !== 'clear' || next.head.layout.kind !== 'clear') throw new Error('opaque');
  expect(next.head.layout.active.iteration).toBeGreaterThan(before.head.layout.active.iteration);
  expect(await early.provesNoneWritten(reader, next.blocks)).toBe(true);

  // The same note taken when the checkpoint had written everything already.
  const late = await LookAhead.take(reader, use(before), blockSize);
  expect(await late.provesNoneWritten(reader, next.blocks)).toBe(false);
});

test('one metadata block that had been written by the note is enough to prove nothing', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  // Small blocks have small metadata blocks, so that a checkpoint writes several.
  const columns = Array.from({ length: 300 }, (_, k) => `range AS column_${k}`).join(', ');
  runSql(
    path,
    `ATTACH '${path}.small' AS small (BLOCK_SIZE 16384)`,
    `CREATE TABLE small.t AS SELECT ${columns} FROM range(1000)`,
    'CHECKPOINT small',
  );
  const small = `${path}.small`;
  const mixed = join(folder.path, 'mixed.duckdb');
  copyFileSync(small, mixed);
  await using reader = await DatabaseReader.open(small);
  const before = await reader.readHeadAndBlocks();
  runSql(small, `CREATE TABLE u AS SELECT * FROM t`, 'CHECKPOINT');
  const next = await reader.readHeadAndBlocks();
  const written = [...newSubBlocks(use(before), use(next)).keys()];
  expect(written.length).toBeGreaterThan(2);

  for (const id of written) {
    // As the file would have been with this one block written and the others not yet.
    copyFileSync(join(folder.path, 'mixed.duckdb'), join(folder.path, 'now.duckdb'));
    await copyBlock(small, join(folder.path, 'now.duckdb'), id, next.blocks.blockSize);
    await using half = await DatabaseReader.open(join(folder.path, 'now.duckdb'));
    const note = await LookAhead.take(half, use(before), next.blocks.blockSize);
    expect(await note.provesNoneWritten(reader, next.blocks)).toBe(false);
  }
});

async function copyBlock(from: string, to: string, id: number, blockSize: number): Promise<void> {
  await using source = await open(from, 'r');
  await using target = await open(to, 'r+');
  const block = Buffer.alloc(blockSize);
  const at = 3 * 4096 + id * blockSize;
  await source.read(block, 0, blockSize, at);
  await target.write(block, 0, blockSize, at);
}
