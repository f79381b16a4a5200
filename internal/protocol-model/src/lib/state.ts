/**
 * A state of the model: one byte for each field, so that millions of them fit into memory.
 *
 *      0  HEADER ..       DuckDB: header, free list, WALs, bulk transactions, the running checkpoint
 *     32  CONTENT + b     what block b of the file holds
 *     40  ROOT + 5 * i    what header i refers to: tables, metadata, bulk blocks, last commit, blocks in use
 *     65  BULK_TRY + i    DuckDB again
 *     67  R_STEP ..       the reader
 *     88  COPY + b        what block b of the copy holds
 */
export type State = Uint8Array;

// DuckDB.
export const HEADER = 0;
/** Blocks that are written half. */
export const TORN = 1;
/** Blocks that may be allocated: the free list in memory. */
export const FREE = 2;
/** Blocks ever allocated: ids from here on extend the file. */
export const BLOCK_COUNT = 3;
export const COMMITS = 4;
export const SMALLS_LEFT = 5;
export const CHECKPOINTS_LEFT = 6;
/** KIND + k: what commit k (from 1 on) did. */
export const KIND = 6;
/** BULK + i: state of bulk transaction i; BULK_BLOCK + i: its block. */
export const BULK = 13;
export const BULK_BLOCK = 15;
/** BULK_TRY + i: 0, or 1 if it is being tried again. */
export const BULK_TRY = 65;
/** `X.wal`: commits from .. to, 0 if there is none. */
export const WAL_FROM = 17;
export const WAL_TO = 18;
export const WAL_MARKER = 19;
export const WAL_INODE = 20;
/** `X.wal.checkpoint`. */
export const NEXT_FROM = 21;
export const NEXT_TO = 22;
/** The running checkpoint: step, last commit in it, new blocks of its tables and metadata. */
export const CP_STEP = 23;
export const CP_BASE = 24;
export const CP_TABLE = 25;
export const CP_META = 27;
/** Bits: CP_MARKED, CP_LOCKED. */
export const CP_FLAGS = 28;
/** BLOCK_COUNT as it was at F. */
export const CP_COUNT_AT_F = 29;
/** Bit 0, 1: it has begun to write metadata block 0, 1. */
export const CP_META_BEGUN = 30;
/** Blocks that a checkpoint has freed and that a query holds. */
export const PINNED = 31;

export const CONTENT = 32;
export const ROOT = 40;
export const ROOT_SIZE = 5;

// The reader.
export const R_STEP = 67;
export const R_PASS = 68;
/** Header of the pass. */
export const R_HEADER = 69;
/** Header seen last. */
export const R_KNOWN = 70;
/** Blocks that cannot have been counted too late by the header seen last. */
export const R_SETTLED = 71;
export const R_TRUST = 72;
/** Blocks copied in this pass. */
export const R_HAVE = 73;
/** Blocks copied ever. */
export const R_EVER = 74;
export const R_NEXT = 75;
export const R_WAL_FROM = 76;
export const R_WAL_TO = 77;
export const R_WAL_MARKER = 78;
export const R_WAL_INODE = 79;
/** Result of the recheck that was made first: bits of END_. */
export const R_END = 80;
/** Commits acknowledged before the copy began. */
export const R_LOWER = 81;
/** Something was written since the pass began. */
export const R_WRITTEN = 82;
/** CP_META_BEGUN when the last block had been read. */
export const R_SUMS = 83;
/** By which rule it was accepted. */
export const R_ACCEPTED_BY = 84;
/** Blocks in use when the trust rule let a block pass. */
export const R_TRUST_USED = 85;

export const COPY = 88;
export const STATE_SIZE = 96;

export const CP_MARKED = 1;
export const CP_LOCKED = 2;

export const NO_BLOCK = 15;

/** A byte of a state. */
export const at = (state: State, field: number): number => state[field] ?? 0;
export const bit = (block: number): number => 1 << block;
/** Root of header `header` (see {@link ROOT}): its first byte. */
export const rootOf = (header: number): number => ROOT + ROOT_SIZE * header;

/** Buffers to build next states in: a fresh array for each costs more than all the rest. */
const SCRATCH: readonly State[] = Array.from({ length: 64 }, () => new Uint8Array(STATE_SIZE));
let nextScratch = 0;

/** A copy to change and emit. Good until 63 more have been taken; the deepest step takes five. */
export function copyOf(state: State): State {
  const copy = SCRATCH[nextScratch] ?? new Uint8Array(STATE_SIZE);
  nextScratch = (nextScratch + 1) % SCRATCH.length;
  copy.set(state);
  return copy;
}

export interface Root {
  readonly tables: readonly [number, number];
  /** Metadata blocks: the catalog, and the free list where it has a block of its own. */
  readonly meta: readonly [number, number];
  readonly bulks: readonly [number, number];
  readonly base: number;
  /** Bit mask of the blocks that are in use as the free list says. */
  readonly used: number;
}

export function readRoot(state: State, header: number): Root {
  const from = rootOf(header);
  const pair = (field: number): readonly [number, number] => [
    at(state, from + field) & 15,
    at(state, from + field) >> 4,
  ];
  return {
    tables: pair(0),
    meta: pair(1),
    bulks: pair(2),
    base: at(state, from + 3),
    used: at(state, from + 4),
  };
}

export function writeRoot(state: State, header: number, root: Root): void {
  const from = rootOf(header);
  const put = (field: number, [low, high]: readonly [number, number]): void => {
    state[from + field] = low | (high << 4);
  };
  put(0, root.tables);
  put(1, root.meta);
  put(2, root.bulks);
  state[from + 3] = root.base;
  state[from + 4] = root.used;
}

/** Bit mask of the metadata blocks of a root. */
export function metaMask({ meta }: Root): number {
  return bit(meta[0]) | (meta[1] === NO_BLOCK ? 0 : bit(meta[1]));
}
