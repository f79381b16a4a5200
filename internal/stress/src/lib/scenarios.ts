/** What a writer does between commits: how often each kind of work is chosen, relative to the others. */
export interface Mix {
  /** A few rows move between accounts. */
  readonly transfer: number;
  /** Columns change places over a range of rows: equal sums, other content. */
  readonly rotate: number;
  /** Strings are written anew. */
  readonly update: number;
  /** A bulk load, and the oldest one is deleted. */
  readonly load: number;
  /** A table is made, the one before dropped. */
  readonly ddl: number;
  /** Work that is rolled back, loads included. */
  readonly rollback: number;
  /** CHECKPOINT. */
  readonly checkpoint: number;
}

export interface Scenario {
  readonly name: string;
  readonly connections: number;
  /** `checkpoint_threshold`; absent: 16 MB. */
  readonly threshold?: string;
  readonly mix: Mix;
  /** Connections that read a load slowly: checkpoints free blocks which such a query still holds. */
  readonly readers?: number;
  /** Rows of one load. */
  readonly loadRows: readonly number[];
  /** Index and primary key on what is loaded. */
  readonly indexes: boolean;
  /** Busy milliseconds for each block that is copied, as over a network. */
  readonly slowMs?: number;
  /** SIGKILL the writer after so many copies, copy what it leaves, and start it again. */
  readonly killEvery?: number;
  /** The writer's fsync takes so many milliseconds longer (Linux, needs a C compiler): the windows of a checkpoint are as wide. */
  readonly syncMs?: number;
  /** With `syncMs`: of files whose names end so; absent: all. */
  readonly syncEnding?: string;
  /** With `syncMs`: so many milliseconds pass between the halves of each large write. */
  readonly writeMs?: number;
  /** Commits a second of each connection at most; absent: as many as it can. */
  readonly rate?: number;
  /** Not a test of coming to rest: only run if it is asked for by name. */
  readonly provokes?: true;
}

const MIX: Mix = { transfer: 10, rotate: 2, update: 4, load: 2, ddl: 1, rollback: 1, checkpoint: 0 };
const NOTHING: Mix = { transfer: 0, rotate: 0, update: 0, load: 0, ddl: 0, rollback: 0, checkpoint: 0 };

export const SCENARIOS: readonly Scenario[] = [
  { name: 'small', connections: 1, mix: { ...MIX, load: 0 }, loadRows: [0], indexes: false },
  { name: 'mixed', connections: 1, mix: MIX, loadRows: [2_000, 30_000, 150_000], indexes: false },
  { name: 'indexed', connections: 1, threshold: '2MB', mix: MIX, loadRows: [500, 5_000], indexes: true },
  {
    name: 'several writers',
    connections: 3,
    threshold: '4MB',
    mix: MIX,
    loadRows: [2_000, 130_000],
    indexes: false,
  },
  {
    name: 'low threshold',
    connections: 2,
    threshold: '500KB',
    mix: MIX,
    loadRows: [2_000, 60_000],
    indexes: true,
  },
  {
    name: 'bulk loads',
    connections: 2,
    threshold: '1MB',
    mix: { ...MIX, transfer: 2, load: 10, rollback: 3 },
    loadRows: [130_000, 260_000],
    indexes: false,
  },
  {
    name: 'explicit checkpoints',
    connections: 2,
    mix: { ...MIX, checkpoint: 6 },
    loadRows: [2_000, 130_000],
    indexes: false,
  },
  {
    name: 'slow queries',
    connections: 2,
    readers: 3,
    threshold: '200KB',
    mix: { ...MIX, load: 8, ddl: 2 },
    loadRows: [60_000, 130_000],
    indexes: false,
    slowMs: 2,
  },
  {
    name: 'slow source',
    connections: 2,
    threshold: '1MB',
    mix: MIX,
    loadRows: [2_000, 130_000],
    indexes: false,
    slowMs: 3,
  },
  {
    name: 'killed',
    connections: 2,
    threshold: '2MB',
    mix: { ...MIX, checkpoint: 2 },
    loadRows: [2_000, 130_000],
    indexes: false,
    killEvery: 4,
  },
  {
    name: 'slow disk',
    connections: 3,
    threshold: '1MB',
    mix: { ...MIX, load: 4 },
    loadRows: [2_000, 130_000],
    indexes: false,
    syncMs: 15,
  },
  // Each commit is checkpointed at once and skips the WAL if it can: neither a commit nor a marker to go by.
  {
    name: 'unlogged loads',
    connections: 3,
    threshold: '1KB',
    mix: { ...NOTHING, load: 10, rollback: 2 },
    loadRows: [130_000],
    indexes: false,
    syncMs: 10,
  },
  // Headers follow each other faster than the reader looks: no trust is kept, so hardly any copy is accepted.
  {
    name: 'missed headers',
    connections: 2,
    threshold: '50KB',
    mix: { ...MIX, update: 20, load: 4 },
    loadRows: [2_000, 20_000],
    indexes: false,
    slowMs: 40,
    provokes: true,
  },
  // A file in which every checkpoint is in its window most of the time.
  {
    name: 'wide windows',
    connections: 4,
    threshold: '100KB',
    mix: { ...MIX, transfer: 2, update: 2, load: 6, rollback: 2 },
    loadRows: [2_000, 130_000],
    indexes: false,
    syncMs: 60,
    provokes: true,
  },
  // Only the file is slow, and not the WAL: while a checkpoint waits for it, others commit, and write to what it has freed.
  // They rest in between, since no checkpoint begins while somebody writes.
  {
    name: 'long windows',
    connections: 3,
    threshold: '20KB',
    mix: { ...NOTHING, transfer: 4, update: 2, load: 6, rollback: 2, checkpoint: 8 },
    loadRows: [2_000, 130_000],
    indexes: false,
    rate: 8,
    syncMs: 300,
    syncEnding: '.duckdb',
    provokes: true,
  },
  // The same where checkpoints skip the WAL: nothing in it tells of them.
  {
    name: 'silent windows',
    connections: 3,
    threshold: '1KB',
    mix: { ...NOTHING, load: 10, rollback: 2 },
    loadRows: [130_000],
    indexes: false,
    rate: 3,
    syncMs: 300,
    syncEnding: '.duckdb',
    provokes: true,
  },
  // Blocks are written in halves.
  {
    name: 'torn writes',
    connections: 3,
    threshold: '200KB',
    mix: { ...MIX, load: 6 },
    loadRows: [2_000, 130_000],
    indexes: false,
    syncMs: 5,
    writeMs: 10,
  },
];
