import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { blockOffset } from '@quackup/duckdb-file';
import { expect, test } from 'vitest';

import { ScratchFolder } from '../../src/lib/process/scratch-folder.ts';
import { DatabaseReader } from '../../src/lib/snapshot/database-reader.ts';
import { freezeDatabase } from '../../src/lib/snapshot/freeze.ts';
import { openSnapshot } from '../../src/lib/snapshot/open-snapshot.ts';
import { type Snapshot, SnapshotMoved } from '../../src/lib/snapshot/snapshot.ts';
import { runSql, tempFolder } from '../make-database.ts';
import { Holder } from './holder.ts';

const BLOCK_SIZE = 16_384;
const WAIT_MS = 20_000;

/** What a slow write leaves for a while: half of a block is there and half is not. */
class TornBlock implements Disposable {
  readonly #path: string;
  readonly #offset: number;
  readonly #whole = Buffer.alloc(BLOCK_SIZE / 2);
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, id: number) {
    this.#path = path;
    this.#offset = blockOffset(id, BLOCK_SIZE) + BLOCK_SIZE / 2;
    const file = openSync(path, 'r');
    readSync(file, this.#whole, 0, this.#whole.length, this.#offset);
    closeSync(file);
    // No pattern: DuckDB's sum does not see an even number of equal words.
    this.#write(randomBytes(this.#whole.length));
  }

  /** From now on the file changes all the time: somebody writes. */
  keepWriting(): void {
    this.#timer = setInterval(() => utimesSync(this.#path, new Date(), new Date()), 20);
  }

  /** The write ends. */
  end(): void {
    this.#write(this.#whole);
    this[Symbol.dispose]();
  }

  #write(bytes: Uint8Array): void {
    const file = openSync(this.#path, 'r+');
    writeSync(file, bytes, 0, bytes.length, this.#offset);
    closeSync(file);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function makeSmallBlocks(path: string): void {
  runSql(
    ':memory:',
    `ATTACH '${path}' AS small (BLOCK_SIZE ${BLOCK_SIZE})`,
    'CREATE TABLE small.t AS SELECT i, md5(i::VARCHAR) AS s FROM range(20000) r(i)',
    'CHECKPOINT small',
    // A free block behind the others: those before it are known to be settled.
    'CREATE TABLE small.u AS SELECT i FROM range(5000) r(i)',
    'CHECKPOINT small',
    'CREATE TABLE small.v AS SELECT i FROM range(5000) r(i)',
    'CHECKPOINT small',
    'DROP TABLE small.u',
    'CHECKPOINT small',
  );
}

interface Frozen {
  readonly snapshot: Snapshot;
  readonly sizeBytes: number;
}

/** Reads a snapshot to its end. */
async function readAll(snapshot: Snapshot): Promise<Frozen> {
  let sizeBytes = 0;
  for (const file of snapshot.files) {
    for await (const chunk of file.chunks()) {
      sizeBytes += chunk.bytes?.length ?? 0;
      chunk.release?.();
    }
  }
  return { snapshot, sizeBytes };
}

/** A data block in the middle of the file. */
const ID = 20;

test('a block that is not whole yet while somebody writes costs a pass, and the next one has it', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  await using _holder = await Holder.open(path);
  await using scratch = await ScratchFolder.create(folder.path);
  const reader = await DatabaseReader.open(path);
  using torn = new TornBlock(path, ID);
  torn.keepWriting();
  const reads: number[] = [];
  const begun = performance.now();
  const freezing = freezeDatabase(reader, {
    name: 'a',
    scratch,
    waitMs: WAIT_MS,
    clone: false,
    onBytes: (bytes) => reads.push(bytes),
  });
  // Longer than the pass that meets it is patient with one block.
  setTimeout(() => torn.end(), 1500);
  await using snapshot = await freezing;
  expect(performance.now() - begun).toBeGreaterThan(1400);
  expect(snapshot.passes).toBeGreaterThan(1);
  // Nearly each block was copied once: what the lost passes read stays good.
  expect(reads.length).toBeLessThan((snapshot.files[0]?.sizeBytes ?? 0) / BLOCK_SIZE + 20);
  await readAll(snapshot);
});

test('a block that stays torn while somebody writes is not called damaged', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  await using _holder = await Holder.open(path);
  await using scratch = await ScratchFolder.create(folder.path);
  using torn = new TornBlock(path, ID);
  torn.keepWriting();
  await expect(
    freezeDatabase(await DatabaseReader.open(path), { name: 'a', scratch, waitMs: 1500, clone: false }),
  ).rejects.toMatchObject({
    code: 'DATABASE_NOT_AT_REST',
    message: expect.stringContaining('a block is being written') as string,
    hint: expect.stringContaining(`block ${ID} is being written, or damaged`) as string,
  });
});

test('a block that stays torn while nobody writes is damaged, held or not', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  await using scratch = await ScratchFolder.create(folder.path);
  const holder = await Holder.open(path);
  using _torn = new TornBlock(path, ID);
  const damaged = { code: 'DATABASE_DAMAGED', message: expect.stringContaining(`block ${ID} of`) as string };
  await expect(
    freezeDatabase(await DatabaseReader.open(path), { name: 'a', scratch, waitMs: WAIT_MS, clone: false }),
  ).rejects.toMatchObject(damaged);
  await holder[Symbol.asyncDispose]();
  await using snapshot = await openSnapshot({ name: 'a', path }, { scratch, waitMs: WAIT_MS, freeze: false });
  expect(snapshot.method).toBe('at-rest');
  await expect(readAll(snapshot)).rejects.toMatchObject(damaged);
});

test('a block that is torn in a database that seemed to be at rest sends it to be frozen', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  await using scratch = await ScratchFolder.create(folder.path);
  await using snapshot = await openSnapshot({ name: 'a', path }, { scratch, waitMs: WAIT_MS, freeze: false });
  using torn = new TornBlock(path, ID);
  torn.keepWriting();
  await expect(readAll(snapshot)).rejects.toThrow(SnapshotMoved);
});

test('a free list that is torn while somebody writes is read again until it is whole', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  const { head } = await withResource(await DatabaseReader.open(path), (reader) =>
    reader.readHeadAndBlocks(),
  );
  if (head.layout.kind !== 'clear') throw new Error('it is encrypted');
  const list = Number(head.layout.active.freeList & ((1n << 56n) - 1n));
  await using reader = await DatabaseReader.open(path);
  using torn = new TornBlock(path, list);
  torn.keepWriting();
  const reading = reader.readHeadAndBlocks();
  // Longer than a database may be still before it counts as damaged.
  setTimeout(() => torn.end(), 1500);
  expect((await reading).blocks.count).toBeGreaterThan(ID);
});

test('a free list that stays torn while nobody writes is damage', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'a.duckdb');
  makeSmallBlocks(path);
  const { head } = await withResource(await DatabaseReader.open(path), (reader) =>
    reader.readHeadAndBlocks(),
  );
  if (head.layout.kind !== 'clear') throw new Error('it is encrypted');
  await using reader = await DatabaseReader.open(path);
  using _torn = new TornBlock(path, Number(head.layout.active.freeList & ((1n << 56n) - 1n)));
  await expect(reader.readHeadAndBlocks()).rejects.toMatchObject({ code: 'DATABASE_DAMAGED' });
});

async function withResource<Resource extends AsyncDisposable, Value>(
  resource: Resource,
  use: (resource: Resource) => Promise<Value>,
): Promise<Value> {
  await using held = resource;
  return await use(held);
}
