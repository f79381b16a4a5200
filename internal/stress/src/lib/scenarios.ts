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
  /** A tenth of a load's rows is written anew. */
  readonly revise: number;
  /** A table with a view (and an index) is made, the one before dropped; or it gets another column. */
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
  /** Rows of one load. */
  readonly loadRows: readonly number[];
  /** Index and primary key on what is loaded. */
  readonly indexes: boolean;
  /** Milliseconds that the copier's thread is kept after each block, as by a slow disk or network. */
  readonly slowMs?: number;
  /**
   * How the writer ends now and then, to be started again: of four copies one is taken after it has ended, one while it
   * ends and starts again.
   */
  readonly ends?: 'killed' | 'closed';
  /** Only for rules that are switched off: not among those that are chosen by default. */
  readonly provokes?: true;
}

const MIX: Mix = {
  transfer: 10,
  rotate: 2,
  update: 4,
  load: 2,
  revise: 1,
  ddl: 1,
  rollback: 1,
  checkpoint: 0,
};
const ONLY: Mix = {
  transfer: 0,
  rotate: 0,
  update: 0,
  load: 0,
  revise: 0,
  ddl: 0,
  rollback: 0,
  checkpoint: 0,
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'small',
    connections: 1,
    mix: { ...MIX, load: 0 },
    loadRows: [0],
    indexes: false,
  },
  {
    name: 'mixed',
    connections: 1,
    mix: MIX,
    loadRows: [2_000, 30_000, 150_000],
    indexes: false,
  },
  {
    name: 'indexed',
    connections: 1,
    threshold: '2MB',
    mix: MIX,
    loadRows: [500, 5_000],
    indexes: true,
  },
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
    threshold: '200KB',
    mix: MIX,
    loadRows: [2_000, 20_000],
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
    ends: 'killed',
  },
  {
    name: 'closed',
    connections: 1,
    mix: MIX,
    loadRows: [2_000, 130_000],
    indexes: false,
    ends: 'closed',
  },
  {
    // Checkpoints faster than the copier looks.
    name: 'fast checkpoints, slow reading',
    connections: 1,
    mix: { ...MIX, revise: 4, load: 4, checkpoint: 20 },
    loadRows: [10_000, 60_000],
    indexes: false,
    slowMs: 25,
    provokes: true,
  },
  {
    // Metadata of many tables, written in place again and again.
    name: 'metadata',
    connections: 1,
    mix: { ...ONLY, transfer: 4, ddl: 4, update: 2, load: 1, checkpoint: 4 },
    loadRows: [30_000, 130_000],
    indexes: true,
    slowMs: 3,
    provokes: true,
  },
  {
    // Loads stay in the WAL as pointers.
    name: 'loads in the WAL',
    connections: 1,
    threshold: '10GB',
    mix: { ...ONLY, transfer: 6, load: 4 },
    loadRows: [130_000, 260_000],
    indexes: false,
    provokes: true,
  },
  {
    // Blocks that are freed and written again between a checkpoint's end and its header; without anything in the WAL as well.
    name: 'only loads',
    connections: 4,
    threshold: '1MB',
    mix: { ...ONLY, load: 12, revise: 1, transfer: 1, rollback: 4 },
    loadRows: [130_000, 390_000],
    indexes: false,
    provokes: true,
  },
];
