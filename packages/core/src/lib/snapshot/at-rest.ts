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
import { checkHeldWal } from './held-wal.ts';
import { type LockHolders, mayHaveWriter } from './lock-holders.ts';
import { judgeEnd, type OpenPass, openPass } from './pass.ts';
import { type Snapshot, SnapshotMoved } from './snapshot.ts';
import { blockIds, countBlocks, factsOf, methodOf, sidecarFiles } from './snapshot-files.ts';
import { pause } from './pause.ts';
import { needsFreeBlocks, sameHead } from './rules.ts';
import { TornDoubt } from './torn-doubt.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';

/** Reads at once: enough to keep a disk busy, few enough to stay in order without much memory. */
const READ_AHEAD = 8;
/** How long a block that fails its checksum is read again while somebody writes after all; then a frozen copy is taken. */
const TORN_PATIENCE_MS = 50;
const TORN_PAUSE_MS = 5;

export interface AtRestOptions {
  readonly name: string;
  readonly holders: LockHolders;
  /** One of them has it open by a name beside which the WAL is looked for. */
  readonly isWalHere: boolean;
  readonly scratch: ScratchFolder;
}

/** Takes over `reader`, which the snapshot closes. */
export async function snapshotAtRest(reader: DatabaseReader, options: AtRestOptions): Promise<Snapshot> {
  const { name, holders, isWalHere, scratch } = options;
  const pass = await openPass(reader, scratch);
  const { modifiedAt, ...place } = await reader.attributes();
  const withFree = needsFreeBlocks(pass.start);
  const count = countBlocks(pass.blocks, await reader.size(), withFree);
  const main: ArchiveFile = {
    database: name,
    role: 'database',
    sizeBytes: HEAD_SIZE + count * pass.blocks.blockSize,
    headBytes: HEAD_SIZE,
    chunkBytes: pass.blocks.blockSize,
    modifiedAt,
    chunks: (wanted = blockIds(count)) =>
      readChunks(reader, pass, { name, wanted, withFree, held: mayHaveWriter(holders) }),
  };
  const facts = factsOf(pass, { ...place, isWalHere });
  return {
    method: methodOf(pass.start, 'at-rest'),
    takenAt: pass.takenAt,
    files: [main, ...sidecarFiles({ database: name, modifiedAt }, pass.start, pass.sidecars)],
    facts,
    confirm: async () => {
      await reader.checkSameFile();
      const outcome = await judgeEnd(reader, pass, { held: mayHaveWriter(holders) });
      if (outcome !== 'accepted') throw new SnapshotMoved(name, outcome.reason);
      await checkHeldWal(reader.path);
    },
    [Symbol.asyncDispose]: async () => {
      await pass[Symbol.asyncDispose]();
      await reader.close();
    },
  };
}

interface ReadOptions {
  readonly name: string;
  readonly wanted: Iterable<number>;
  readonly withFree: boolean;
  readonly held: boolean;
}

async function* readChunks(
  reader: DatabaseReader,
  pass: OpenPass,
  { name, wanted, withFree, held }: ReadOptions,
): AsyncGenerator<FileChunk, void, undefined> {
  const { blocks } = pass;
  yield { bytes: pass.start.head.bytes };
  const pool = new BufferPool(blocks.blockSize);
  yield* orderedMap(wanted, READ_AHEAD, async (id): Promise<FileChunk> => {
    const used = blocks.isUsed(id);
    if (!used && !withFree) return { bytes: undefined };
    const buffer = pool.take();
    const release = (): void => pool.give(buffer);
    let doubt: TornDoubt | undefined;
    for (;;) {
      if (await reader.readBlock(id, blocks, buffer)) return { bytes: buffer, release };
      // A free block holds whatever was left in it; one that was never written whole cannot be referred to.
      if (!used) {
        release();
        return { bytes: undefined };
      }
      if (!sameHead(await reader.readHead(), pass.start.head)) {
        throw new SnapshotMoved(name, 'the header moved');
      }
      doubt ??= new TornDoubt(reader.path, { patienceMs: TORN_PATIENCE_MS, held });
      const verdict = await doubt.verdict();
      if (verdict === 'damaged') throw damagedBlock(reader.path, id);
      if (verdict === 'being written') throw new SnapshotMoved(name, `block ${id} is being written`);
      await pause(TORN_PAUSE_MS);
    }
  });
}

/** The error for a block that is in use and fails its checksum for good. */
export function damagedBlock(path: string, id: number): QuackupError {
  return new QuackupError(
    'DATABASE_DAMAGED',
    `block ${id} of ${path} is in use but fails its checksum, and nobody is writing it`,
    {
      hint: 'restore the database from the last good backup: a backup of it now would only keep the damage',
    },
  );
}
