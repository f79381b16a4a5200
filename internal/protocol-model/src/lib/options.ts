/** What is explored: which DuckDB, how much of it, and which rules the reader keeps. */

export interface Engine {
  /**
   * `1.5`: a marker at the start of a checkpoint, transactions go on meanwhile. `1.4` (and before): writing transactions
   * and checkpoints exclude each other; the marker comes at the end.
   */
  readonly manner: '1.5' | '1.4';
  readonly blocks: number;
  readonly smalls: number;
  readonly bulks: 0 | 1 | 2;
  /** Whether a bulk transaction that rolled back may be tried once more, with other rows. */
  readonly retries: boolean;
  readonly checkpoints: number;
  /** 2: the free list has a metadata block of its own. */
  readonly metaBlocks: 1 | 2;
  /** Whether a checkpoint may put its metadata into another block instead of in place. */
  readonly movesMetadata: boolean;
  /** `lowest`: as DuckDB does. `any`: every free block, which holds what `lowest` does in larger databases. */
  readonly allocation: 'lowest' | 'any';
  /**
   * 1.5 reads the block count for the header after it has written the metadata, but the free list before: a block that
   * another connection adds to the file in between counts as used although nothing refers to it.
   */
  readonly countsBlocksLate: boolean;
  /**
   * Blocks that a checkpoint frees may stay pinned by a query, so that they cannot be allocated yet. The next header lists
   * them as free, those after it do not (`free_blocks_in_use`).
   */
  readonly pinsFreedBlocks: boolean;
  /** 1.5: the query may end, and then they can be allocated at once. */
  readonly endsQueries: boolean;
  /** `PRAGMA force_checkpoint`: CHECKPOINT runs with an empty WAL, without a marker and without holding the WAL lock. */
  readonly forcesCheckpoints: boolean;
  /** No block is allocated between F and the first write of metadata: an assumption, not what DuckDB promises. */
  readonly flushesAtF: boolean;
}

/** The rules of docs/hot-copy.md, each to be switched off alone. */
export interface Rules {
  /** A marker in the captured WAL rejects. */
  readonly markerAtStart: boolean;
  /** A marker in the WAL at the end rejects. */
  readonly markerAtEnd: boolean;
  /** A head that moved rejects. */
  readonly headAtEnd: boolean;
  /** The WAL is captured before the first block is read. */
  readonly walBeforeBlocks: boolean;
  /** At the end the WAL is looked at before the head. */
  readonly walBeforeHead: boolean;
  /** Another file, or another beginning, in place of the captured WAL rejects. */
  readonly samePrefix: boolean;
  /** A block that fails its checksum is read again. */
  readonly tornCheck: boolean;
  /** Blocks that the header calls free are copied if the WAL refers to rows written ahead. */
  readonly carryFree: boolean;
  /** Trust ends if an iteration was missed. */
  readonly trustNeedsEveryHeader: boolean;
  /** Trust ends if a block is free under a header. */
  readonly trustNeedsUse: boolean;
  /** Metadata blocks are never trusted. */
  readonly metadataIsReadAgain: boolean;
  /** Only what was in use under the header before as well, or lies below a block that the lists name, is trusted. */
  readonly trustNeedsSettled: boolean;
  /** What is trusted is compared with what stands in the file, after head and WAL of the pass were read. */
  readonly trustIsCompared: boolean;
  /** Contents are compared by more than DuckDB's checksum. */
  readonly checksumIsNoIdentity: boolean;
  /** Without a commit in the captured WAL a copy is accepted only by one of the three rules below. */
  readonly emptyWalNeedsProof: boolean;
  /** (a) a commit came meanwhile, and no marker. */
  readonly proofByCommit: boolean;
  /** (b) nothing is written: `fair` if a checkpoint is never silent as long as is waited, `unfair` if it may be. */
  readonly proofByQuiet: 'no' | 'fair' | 'unfair';
  /** (c) look-ahead: `all` metadata blocks of the next checkpoint were still unwritten, or just `one` of them. */
  readonly proofByLookAhead: 'no' | 'all' | 'one';
  readonly passes: number;
}

export const ENGINE_15: Engine = {
  manner: '1.5',
  blocks: 6,
  smalls: 2,
  bulks: 1,
  retries: false,
  checkpoints: 2,
  metaBlocks: 1,
  movesMetadata: false,
  allocation: 'lowest',
  countsBlocksLate: true,
  pinsFreedBlocks: false,
  endsQueries: false,
  forcesCheckpoints: false,
  flushesAtF: false,
};

export const ENGINE_14: Engine = { ...ENGINE_15, manner: '1.4' };

export const ALL_RULES: Rules = {
  markerAtStart: true,
  markerAtEnd: true,
  headAtEnd: true,
  walBeforeBlocks: true,
  walBeforeHead: true,
  samePrefix: true,
  tornCheck: true,
  carryFree: true,
  trustNeedsEveryHeader: true,
  trustNeedsUse: true,
  metadataIsReadAgain: true,
  trustNeedsSettled: true,
  trustIsCompared: true,
  checksumIsNoIdentity: true,
  emptyWalNeedsProof: true,
  proofByCommit: true,
  proofByQuiet: 'fair',
  proofByLookAhead: 'no',
  passes: 2,
};
