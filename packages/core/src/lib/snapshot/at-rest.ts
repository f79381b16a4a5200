/**
 * Reads a database in place, straight into the archive, without a copy in between. Right for a database that nobody
 * writes; if somebody does after all, {@link Snapshot.confirm} notices.
 */
import { HEAD_SIZE } from '@quackup/duckdb-file';

import type { ArchiveFile, FileChunk } from '../archive/archive-file.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import { BufferPool } from '../archive/buffer-pool.ts';
import type { DatabaseReader } from './database-reader.ts';
import { type LockHolders, mayHaveWriter } from './lock-holders.ts';
import { judgeEnd, type OpenPass, openPass } from './pass.ts';
import { type Snapshot, SnapshotMoved } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, methodOf, sidecarFiles } from './snapshot-files.ts';
import { needsFreeBlocks } from './rules.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';

/** Reads at once: enough to keep a disk busy, few enough to stay in order without much memory. */
const READ_AHEAD = 8;
/** A block that fails its checksum is read again this often before it counts as damaged. */
const BLOCK_TRIES = 5;

export interface AtRestOptions {
  readonly name: string;
  readonly holders: LockHolders;
  readonly scratch: ScratchFolder;
}

/** Takes over `reader`, which the snapshot closes. */
export async function snapshotAtRest(reader: DatabaseReader, options: AtRestOptions): Promise<Snapshot> {
  const { name, holders, scratch } = options;
  const pass = await openPass(reader, scratch);
  const { mode, modifiedAt, fileSystem } = await reader.attributes();
  const withFree = needsFreeBlocks(pass.start);
  const count = countBlocks(pass.blocks, await reader.size(), withFree);
  const main: ArchiveFile = {
    database: name,
    role: 'database',
    sizeBytes: HEAD_SIZE + count * pass.blocks.blockSize,
    headBytes: HEAD_SIZE,
    chunkBytes: pass.blocks.blockSize,
    modifiedAt,
    chunks: (wanted = blockIds(count)) => readChunks(reader, pass, { wanted, withFree }),
  };
  const facts = factsOf(pass.start, { mode, fileSystem });
  return {
    method: methodOf(pass.start, 'at-rest'),
    takenAt: pass.takenAt,
    files: [main, ...sidecarFiles(name, modifiedAt, pass.start, pass.sidecars)],
    facts,
    confirm: async () => {
      await reader.checkSameFile();
      const outcome = await judgeEnd(reader, pass, { held: mayHaveWriter(holders) });
      if (outcome !== 'accepted') throw new SnapshotMoved(name, outcome.reason);
    },
    [Symbol.asyncDispose]: async () => {
      await pass[Symbol.asyncDispose]();
      await reader.close();
    },
  };
}

async function* readChunks(
  reader: DatabaseReader,
  pass: OpenPass,
  { wanted, withFree }: { readonly wanted: Iterable<number>; readonly withFree: boolean },
): AsyncGenerator<FileChunk, void, undefined> {
  const { blocks } = pass;
  yield { bytes: pass.start.head.bytes };
  const pool = new BufferPool(blocks.blockSize);
  yield* orderedMap(wanted, READ_AHEAD, async (id): Promise<FileChunk> => {
    const used = blocks.isUsed(id);
    if (!used && !withFree) return { bytes: undefined };
    const buffer = pool.take();
    const release = (): void => pool.give(buffer);
    for (let attempt = 1; ; attempt += 1) {
      if (await reader.readBlock(id, blocks, buffer)) return { bytes: buffer, release };
      // A free block holds whatever was left in it; one that was never written whole cannot be referred to.
      if (!used) {
        release();
        return { bytes: undefined };
      }
      if (attempt < BLOCK_TRIES) continue;
      if (!Buffer.from((await reader.readHead()).bytes).equals(pass.start.head.bytes)) {
        throw new SnapshotMoved(reader.path, 'the header moved');
      }
      throw damagedBlock(reader.path, id);
    }
  });
}

/** The error for a block that is in use and fails its checksum for good. */
export function damagedBlock(path: string, id: number): QuackupError {
  return new QuackupError('DATABASE_DAMAGED', `block ${id} of ${path} is in use but fails its checksum`, {
    hint: 'restore the database from the last good backup: a backup of it now would only keep the damage',
  });
}
