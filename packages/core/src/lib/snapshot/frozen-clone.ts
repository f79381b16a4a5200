/**
 * A snapshot by an instant clone, where the file system can: the window in which nothing may move is the milliseconds of
 * one clone instead of the reading of all blocks. The rules of acceptance are the same.
 */
import { rm } from 'node:fs/promises';

import { HEAD_SIZE } from '@quackup/duckdb-file';

import type { FileChunk } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { BlockTrust } from './block-trust.ts';
import { BufferPool } from '../archive/buffer-pool.ts';
import { checkpointEnds } from './checkpoint-end.ts';
import { cloneFile } from './clone-file.ts';
import { DatabaseReader } from './database-reader.ts';
import type { FreezeOptions } from './freeze.ts';
import { checkHeldWal } from './held-wal.ts';
import { HeadWatch } from './head-watch.ts';
import { judgePassIn } from './judge-pass-in.ts';
import { type OpenPass, openPass, type PassOutcome } from './pass.ts';
import { RULES } from './rules.ts';
import { type Snapshot, SnapshotMoved } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, methodOf, sidecarFiles } from './snapshot-files.ts';

const READ_AHEAD = 8;

/**
 * Takes over `reader` if it returns a snapshot.
 *
 * @returns undefined if the file system cannot clone the database into the scratch folder, or if no clone was accepted
 *   in half of the time: then the database has to be copied.
 */
export async function cloneDatabase(
  reader: DatabaseReader,
  options: FreezeOptions,
): Promise<Snapshot | undefined> {
  const { name, scratch, waitMs, signal, rules = RULES } = options;
  const deadlineMs = performance.now() + waitMs / 2;
  const watch = new HeadWatch(reader, new BlockTrust());
  for (let passes = 1; performance.now() < deadlineMs; passes += 1) {
    signal?.throwIfAborted();
    await watch.look();
    const pass = await openPass(reader, scratch, watch.known);
    const path = scratch.newPath();
    let outcome: PassOutcome = { reason: 'a checkpoint is running' };
    try {
      const waited =
        rules.showsCheckpoint(pass.start.wal, pass.start.state) &&
        (await checkpointEnds(reader, watch, pass, signal));
      if (!waited) {
        // Opens and closes the file: this process must not have the database open, which the reader has made sure of.
        if (!(await cloneFile(reader.path, path))) {
          await pass[Symbol.asyncDispose]();
          return undefined;
        }
        outcome = await judgePassIn(reader, pass, { deadlineMs, rules, signal });
        await reader.checkSameFile();
      }
      if (outcome === 'accepted') {
        const isWalHere = await checkHeldWal(reader.path);
        const snapshot = await openClone(reader, pass, { name, path, passes, isWalHere });
        await reader.close();
        return snapshot;
      }
    } catch (error) {
      await pass[Symbol.asyncDispose]();
      throw error;
    }
    await pass[Symbol.asyncDispose]();
    await rm(path, { force: true });
  }
  return undefined;
}

async function openClone(
  reader: DatabaseReader,
  pass: OpenPass,
  {
    name,
    path,
    passes,
    isWalHere,
  }: {
    readonly name: string;
    readonly path: string;
    readonly passes: number;
    readonly isWalHere: boolean;
  },
): Promise<Snapshot> {
  const { modifiedAt, ...place } = await reader.attributes();
  const clone = await DatabaseReader.open(path);
  const withFree = RULES.needsFreeBlocks(pass.start);
  const count = countBlocks(pass.blocks, await clone.size(), withFree);
  const { blockSize } = pass.blocks;
  const facts = factsOf(pass, { ...place, isWalHere });
  return {
    method: methodOf(pass.start, 'hot'),
    takenAt: pass.takenAt,
    files: [
      {
        database: name,
        role: 'database',
        sizeBytes: HEAD_SIZE + count * blockSize,
        headBytes: HEAD_SIZE,
        chunkBytes: blockSize,
        modifiedAt,
        inUse: true,
        chunks: (wanted = blockIds(count)) => readClone(clone, name, pass, { wanted, withFree }),
      },
      ...sidecarFiles({ database: name, modifiedAt }, pass.start, pass.sidecars),
    ],
    facts,
    passes,
    confirm: async () => {},
    [Symbol.asyncDispose]: async () => {
      await pass[Symbol.asyncDispose]();
      await clone.close();
      await rm(path, { force: true });
    },
  };
}

async function* readClone(
  clone: DatabaseReader,
  name: string,
  { start, blocks }: OpenPass,
  { wanted, withFree }: { readonly wanted: Iterable<number>; readonly withFree: boolean },
): AsyncGenerator<FileChunk, void, undefined> {
  yield { bytes: start.head.bytes };
  const pool = new BufferPool(blocks.blockSize);
  yield* orderedMap(wanted, READ_AHEAD, async (id): Promise<FileChunk> => {
    const used = blocks.isUsed(id);
    if (!used && !withFree) return { bytes: undefined };
    const bytes = pool.take();
    const release = (): void => pool.give(bytes);
    if (await clone.readBlock(id, blocks, bytes)) return { bytes, release };
    release();
    if (!used) return { bytes: undefined };
    // Either the database is damaged, or the clone was not of one moment: a copy will tell which.
    throw new SnapshotMoved(name, `block ${id} of its clone is not whole`);
  });
}
