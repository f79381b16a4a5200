/** How a pass over a database becomes the files of an archive. */
import { HEAD_SIZE } from '@quackup/duckdb-file';

import type { SnapshotMethod } from '../api.ts';
import type { ArchiveFile, FileChunk } from '../archive/archive-file.ts';
import { MAX_CHUNK_BYTES } from '../format/schema.ts';
import type { SidecarRole } from './database-files.ts';
import type { Blocks } from './database-reader.ts';
import type { StartOfPass } from './rules.ts';
import { mustTakeAllFiles, RULES, type Rules } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import type { WalCapture } from './wal-capture.ts';

/** The sidecars of a database as they were before its first block was read. */
export type CapturedSidecars = ReadonlyMap<SidecarRole, WalCapture>;

/**
 * How many blocks the copied file has, the free ones at its end included. Blocks that the header does not count may be
 * referred to by the WAL: bulk inserts write whole row groups into free blocks at once and only point to them.
 */
export function countBlocks(blocks: Blocks, fileSize: number, withFreeBlocks: boolean): number {
  const inFile = Math.floor(Math.max(0, fileSize - HEAD_SIZE) / blocks.blockSize);
  return withFreeBlocks ? Math.max(blocks.count, inFile) : blocks.count;
}

/** The ids 0 to `count` - 1. */
export function* blockIds(count: number): Generator<number, void, undefined> {
  for (let id = 0; id < count; id += 1) yield id;
}

/** The sidecars that belong to the state: the WAL up to its last commit, or all of them as they are. */
export function sidecarFiles(
  { database, modifiedAt }: Pick<ArchiveFile, 'database' | 'modifiedAt'>,
  start: StartOfPass,
  sidecars: CapturedSidecars,
  rules: Rules = RULES,
): ArchiveFile[] {
  const whole = mustTakeAllFiles(start, rules) !== undefined || start.head.layout.kind === 'opaque';
  const files: ArchiveFile[] = [];
  for (const [role, capture] of sidecars) {
    const sizeBytes = whole ? capture.length : role === 'wal' ? capture.summary.commitEnd : 0;
    if (sizeBytes === 0) continue;
    files.push({
      database,
      role,
      sizeBytes,
      headBytes: 0,
      chunkBytes: MAX_CHUNK_BYTES,
      modifiedAt,
      chunks: () => asChunks(capture.pieces(sizeBytes, MAX_CHUNK_BYTES)),
    });
  }
  return files;
}

async function* asChunks(pieces: AsyncIterable<Buffer>): AsyncGenerator<FileChunk, void, undefined> {
  for await (const bytes of pieces) yield { bytes };
}

/** How a pass came to be accepted: `quiet` where the files alone cannot prove it. */
export function methodOf(start: StartOfPass, otherwise: SnapshotMethod): SnapshotMethod {
  return start.head.layout.kind === 'opaque' || mustTakeAllFiles(start) !== undefined ? 'quiet' : otherwise;
}

/** Where a database lies. */
export interface DatabasePlace {
  readonly mode: number;
  /** The kind of a shared file system. */
  readonly fileSystem: string | undefined;
  /** How many names (hard links) the file has. */
  readonly names: number;
  /** A process has it open by a name beside which the WAL was looked for. */
  readonly isWalHere: boolean;
}

/** What the files, and the place where they lie, say of themselves, for the manifest. */
export function factsOf(
  { start, isWalBesideLink }: { readonly start: StartOfPass; readonly isWalBesideLink: boolean },
  { mode, fileSystem, names, isWalHere }: DatabasePlace,
): Snapshot['facts'] {
  const { main, layout } = start.head;
  const warnings: string[] = [];
  if (fileSystem !== undefined) {
    warnings.push(
      `it lies on a shared file system (${fileSystem}): who has it open on another machine, and what is not written through yet, cannot be seen from here`,
    );
  }
  if (names > 1 && !isWalHere) {
    warnings.push(
      `its file has ${names} names (hard links): commits made by another one than this may lie in a WAL beside that, and be missing`,
    );
  }
  if (isWalBesideLink && !isWalHere && mayBePassedBy(start)) {
    warnings.push(
      'its WAL lies beside the link, where DuckDB has put it before 1.5, and is older than the file: if a newer one has opened the database since, it does not belong to it',
    );
  }
  const reason = mustTakeAllFiles(start);
  if (reason !== undefined)
    warnings.push(`all its files were taken as they are, at rest: ${ABANDONED[reason]}`);
  if (layout.kind === 'opaque') {
    warnings.push(
      layout.reason === 'encrypted'
        ? 'it is encrypted: its blocks cannot be checked without the key, and all of them are stored'
        : `its storage version ${main.storageVersion} is newer than this Quackup: all blocks are stored, unchecked`,
    );
  }
  const lost = start.wal.length - start.wal.commitEnd;
  if (reason === undefined && start.wal.state === 'torn-tail' && start.wal.commits === 0 && lost > 0) {
    warnings.push('its WAL holds no whole commit and was left out');
  }
  return {
    mode,
    storageVersion: main.storageVersion,
    createdBy: main.libraryVersion,
    layout: layout.kind === 'clear' ? 'clear' : layout.reason,
    ...(layout.kind === 'clear' ? { iteration: String(layout.active.iteration) } : {}),
    ...(start.wal.state === 'unsupported' || start.wal.state === 'bad-header'
      ? {}
      : { walCommits: start.wal.commits }),
    ...(warnings.length > 0 ? { warnings } : {}),
  };
}

/** Whether the file was written after its WAL, which does not say to what it belongs (below storage version 67). */
function mayBePassedBy({ wal, state }: StartOfPass): boolean {
  const [fileNs, walNs] = [state.database?.modifiedNs ?? 0n, state.wal?.modifiedNs ?? 0n];
  return wal.commits > 0 && wal.databaseId === undefined && fileNs > walNs;
}

const ABANDONED: Record<string, string> = {
  'a checkpoint is running':
    'a crash left an unfinished checkpoint, which DuckDB finishes when it opens the file',
  'the WAL cannot be read': 'its WAL cannot be followed (encrypted, damaged or of an unknown version)',
  'the WAL belongs to another state of the file': 'its WAL belongs to another state of the file',
};
