/**
 * Level `blocks`: what is stored is not only what was written, it also is a database. Every block in use is there and
 * passes DuckDB's own checksum, the head and the free list parse, and the WAL holds the commits that it should.
 */
import {
  type BlockUse,
  DuckdbFileError,
  isBlockValid,
  parseHead,
  readBlockUse,
  WalScanner,
} from '@quackup/duckdb-file';

import { type ArchiveIndex } from '../archive/index-file.ts';
import { QuackupError } from '../errors.ts';
import type { DatabaseEntry } from '../format/schema.ts';
import { chunksInOrder, readChunk, type ReadChunk } from '../read/read-chunks.ts';
import type { ArchiveReader } from '../read/archive-reader.ts';
import type { Problems } from './problems.ts';

/** Results of the checksums of a database's blocks: 0 not there, 1 right, 2 wrong. */
export class BlockChecks {
  readonly #states: readonly Uint8Array[];
  readonly #isDatabase: readonly boolean[];

  constructor(index: ArchiveIndex) {
    this.#states = index.head.files.map(({ chunks }) => new Uint8Array(chunks));
    this.#isDatabase = index.head.files.map(({ role }) => role === 'database');
  }

  /** Checks a chunk that has been read. */
  check(file: number, { chunk, bytes }: Pick<ReadChunk, 'chunk' | 'bytes'>): void {
    const states = this.#states[file];
    if (states === undefined || this.#isDatabase[file] !== true || chunk === 0) return;
    states[chunk] = isBlockValid(bytes) ? 1 : 2;
  }

  state(file: number, block: number): 'missing' | 'right' | 'wrong' {
    const state = this.#states[file]?.[block + 1];
    return state === 1 ? 'right' : state === 2 ? 'wrong' : 'missing';
  }
}

export interface CheckBlocksOptions {
  readonly checks: BlockChecks;
  /** Takes what could not be checked. */
  readonly note: (text: string) => void;
}

/** Checks one database of a backup whose chunks have all been read. */
export async function checkDatabase(
  archives: ArchiveReader,
  index: ArchiveIndex,
  entry: DatabaseEntry,
  object: string,
  problems: Problems,
  { checks, note }: CheckBlocksOptions,
): Promise<void> {
  const report = (message: string): void =>
    problems.add({ code: 'BACKUP_DAMAGED', object, database: entry.name, message });
  try {
    for (const [file, { database, role }] of index.head.files.entries()) {
      if (database !== entry.name) continue;
      if (role === 'database') await checkMain(archives, index, file, checks, report, note);
      else if (role === 'wal') await checkWal(archives, index, file, entry, report, note);
    }
  } catch (error) {
    if (error instanceof QuackupError) report(error.message);
    else if (error instanceof DuckdbFileError) report(`${entry.name}: ${error.message}`);
    else throw error;
  }
}

/** Blocks one after another with which the same is wrong. */
interface Lacking {
  readonly from: number;
  to: number;
  readonly what: 'missing' | 'unread' | 'wrong';
}

function describeLacking({ from, to, what }: Lacking, database: string): string {
  const [one, several] = {
    missing: ['not stored', 'not stored'],
    unread: ['could not be read', 'could not be read'],
    wrong: ["fails DuckDB's checksum", "fail DuckDB's checksum"],
  }[what];
  return from === to
    ? `block ${from} of ${database} is in use but ${one}`
    : `blocks ${from} to ${to} of ${database} are in use but ${several}`;
}

async function checkMain(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  checks: BlockChecks,
  report: (message: string) => void,
  note: (text: string) => void,
): Promise<void> {
  const { database = '', chunks = 0 } = index.head.files[file] ?? {};
  const head = parseHead((await readChunk(archives, index, file, 0)) ?? new Uint8Array(0));
  const { layout } = head;
  if (layout.kind === 'opaque') {
    note(
      `the blocks of ${database} were not checked: ${layout.reason === 'encrypted' ? 'it is encrypted' : 'its storage version is too new'}`,
    );
    return;
  }
  const use: BlockUse = await readBlockUse(layout.active, async (id) =>
    id + 1 < chunks
      ? ((await readChunk(archives, index, file, id + 1)) ?? new Uint8Array(0))
      : new Uint8Array(0),
  );
  const lacking: Lacking[] = [];
  let used = 0;
  for (let id = 0; id < Math.min(use.blockCount, chunks - 1); id += 1) {
    if (!use.isUsed(id)) continue;
    used += 1;
    const state = checks.state(file, id);
    if (state === 'right') continue;
    const isStored = index.tables[file]?.location(id + 1) !== undefined;
    const what = state === 'missing' && isStored ? 'unread' : state;
    const last = lacking.at(-1);
    if (last?.what === what && last.to === id - 1) last.to = id;
    else lacking.push({ from: id, to: id, what });
  }
  for (const each of lacking) report(describeLacking(each, database));
  // A header may count free blocks behind the end of the file, and a hostile one any number: they are not gone through.
  const beyond = use.usedCount - used;
  if (beyond > 0) report(`the header of ${database} has ${beyond} blocks in use that are not stored`);
}

async function checkWal(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  { name, method, walCommits }: DatabaseEntry,
  report: (message: string) => void,
  note: (text: string) => void,
): Promise<void> {
  const scanner = new WalScanner();
  for await (const { bytes } of chunksInOrder(archives, index, file)) scanner.push(bytes);
  const summary = scanner.summary();
  if (method === 'quiet') {
    note(`the WAL of ${name} was taken as it was and is not checked further`);
    return;
  }
  if (summary.commitEnd !== index.head.files[file]?.sizeBytes || summary.commits !== walCommits) {
    report(`the WAL of ${name} holds ${summary.commits} commits, not ${walCommits}`);
  }
}
