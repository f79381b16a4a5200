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
  /** Rows of one load. */
  readonly loadRows: readonly number[];
  /** Index and primary key on what is loaded. */
  readonly indexes: boolean;
  /** Busy milliseconds for each block that is copied, as over a network. */
  readonly slowMs?: number;
  /** SIGKILL the writer after so many copies, copy what it leaves, and start it again. */
  readonly killEvery?: number;
}

const MIX: Mix = { transfer: 10, rotate: 2, update: 4, load: 2, ddl: 1, rollback: 1, checkpoint: 0 };

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
];
