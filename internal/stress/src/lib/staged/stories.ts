/**
 * Stories: for each rule of acceptance the order of steps in which it alone keeps a wrong copy from being accepted, played
 * with a real engine whose threads are stopped where the story needs it. The model found most of these orders
 * (internal/protocol-model); chance does not meet them, since they take place within microseconds.
 */
import { open } from 'node:fs/promises';

import type { Stage } from './stage.ts';
import { DELETE_SEVENTHS, load, ROWS, update } from './tables.ts';

export interface Story {
  readonly name: string;
  /** The rule without which its copy is bad: see ../rules.ts. */
  readonly rule: string;
  /** Rows of t. Default: {@link ROWS}. */
  readonly rows?: number;
  readonly blockSize?: number;
  /** With all rules there is nothing that may be accepted. */
  readonly mustFail?: true;
  /** Has begun and ended everything but the copy when it returns. */
  readonly play: (stage: Stage) => Promise<void>;
}

const FIRST_BLOCK_AT = 12_288;
/** H: the write of one of the two database headers, with which a checkpoint takes effect. */
const HEADER_WRITE = { call: 'write', ending: '.duckdb', from: 4096, to: FIRST_BLOCK_AT } as const;
/** The first block that a checkpoint writes; one of a few rows writes metadata only, after F and before it counts the blocks. */
const METADATA_WRITE = {
  call: 'write',
  ending: '.duckdb',
  from: FIRST_BLOCK_AT,
  to: Number.MAX_SAFE_INTEGER,
} as const;

/**
 * A transaction that goes on writing while a checkpoint runs, as DuckDB 1.5 lets it: it must have begun to write before,
 * since the checkpoint would keep it out otherwise.
 */
const BEGIN_TO_WRITE = ['BEGIN', 'INSERT INTO l VALUES (0, 0, 0)'];

const NO_SPACE_LEFT = 28;

/** `statement` makes a checkpoint, which stands still before its header while the copy is taken. */
async function copyBetweenFAndH(stage: Stage, statement: string): Promise<void> {
  await stage.sql('b', ...BEGIN_TO_WRITE);
  stage.gates.putUp(HEADER_WRITE);
  const checkpoint = stage.sql('a', statement);
  await stage.gates.reached();
  // Takes the blocks that the checkpoint has just freed, and that the header on disk refers to.
  await stage.sql('b', load(1));
  await stage.letIn(stage.copy());
  stage.gates.open();
  await checkpoint;
  await stage.sql('b', 'ROLLBACK');
  await stage.commit(1);
}

export const STORIES: readonly Story[] = [
  {
    name: 'between F and H',
    rule: 'marker',
    play: async (stage) => {
      await stage.sql('a', update(1));
      await copyBetweenFAndH(stage, 'CHECKPOINT');
    },
  },
  {
    name: 'between F and H without a marker',
    rule: 'empty-wal',
    rows: 4 * ROWS,
    // Small ones, so that the metadata fill some: what a deletion sets free is metadata.
    blockSize: 16_384,
    play: async (stage) => {
      await stage.sql('a', "SET checkpoint_threshold = '1KB'");
      // Is checkpointed instead of being logged: nothing in the WAL tells of it.
      await copyBetweenFAndH(stage, DELETE_SEVENTHS);
    },
  },
  {
    name: 'two checkpoints during a pass',
    rule: 'head',
    play: async (stage) => {
      const reading = stage.copy(Math.ceil((await stage.usedBlocks()) / 2));
      await reading.held();
      // The second one writes to the blocks that the first has freed.
      for (const round of [1, 2]) await stage.sql('a', update(round), 'CHECKPOINT');
      await stage.commit(1);
      reading.goOn();
    },
  },
  {
    name: 'headers that were missed',
    rule: 'consecutive',
    play: async (stage) => {
      const reading = stage.copy(await stage.usedBlocks());
      await reading.held();
      for (const round of [1, 2, 3, 4]) await stage.sql('a', update(round), 'CHECKPOINT');
      await stage.commit(1);
      reading.goOn();
    },
  },
  {
    name: 'metadata written in place',
    rule: 'metadata',
    play: async (stage) => {
      const reading = stage.copy(await stage.usedBlocks());
      await reading.held();
      await stage.sql('a', update(1), 'CHECKPOINT');
      await stage.commit(1);
      reading.goOn();
    },
  },
  {
    name: 'blocks counted too late',
    rule: 'settled',
    play: async (stage) => {
      await stage.sql('b', ...BEGIN_TO_WRITE);
      await stage.commit(1);
      stage.gates.putUp(METADATA_WRITE);
      const checkpoint = stage.sql('a', 'CHECKPOINT');
      await stage.gates.reached();
      // Its blocks are on no list of the header to come, and count as in use.
      await stage.sql('b', load(1));
      stage.gates.open();
      await checkpoint;
      const reading = stage.copy(await stage.usedBlocks());
      await reading.held();
      await stage.sql('b', 'ROLLBACK');
      await stage.sql('a', load(2), 'CHECKPOINT');
      await stage.commit(2);
      reading.goOn();
    },
  },
  {
    name: 'blocks that a query holds',
    rule: 'compared',
    play: async (stage) => {
      await stage.sql('a', update(1));
      await stage.beginQuery('q', 'SELECT * FROM t');
      // The first frees blocks that the query holds, and lists them; the second lists them no more: they count as in use.
      await stage.sql('a', 'CHECKPOINT');
      await stage.commit(1);
      await stage.sql('a', 'CHECKPOINT');
      const reading = stage.copy(await stage.usedBlocks());
      await reading.held();
      await stage.sql('q', 'SELECT 1');
      await stage.sql('a', load(1), 'CHECKPOINT');
      await stage.commit(2);
      reading.goOn();
    },
  },
  {
    name: 'a bulk commit',
    rule: 'free-blocks',
    play: async (stage) => {
      await stage.sql('a', load(1));
      await stage.commit(1);
      stage.copy();
    },
  },
  {
    name: 'a commit that is taken back',
    rule: 'same-wal',
    play: async (stage) => {
      await stage.commit(1);
      stage.gates.putUp({ call: 'sync', ending: '.duckdb.wal' });
      const failing = stage.commit(2).catch(() => undefined);
      await stage.gates.reached();
      const reading = stage.copy(1);
      await reading.held();
      // DuckDB cuts it off the WAL again, and the next one takes its place.
      stage.gates.open(NO_SPACE_LEFT);
      await failing;
      await stage.commit(3);
      reading.goOn();
    },
  },
  {
    name: 'a bit that the disk has turned',
    rule: 'block-checksum',
    mustFail: true,
    play: async (stage) => {
      const id = await stage.value(
        "SELECT max(block_id) FROM pragma_storage_info('t') WHERE column_name = 'h' AND segment_type = 'UBIGINT'",
      );
      await stage.commit(1);
      await turnBit(stage.path, FIRST_BLOCK_AT + Number(id) * 262_144 + 1000);
      stage.copy();
    },
  },
];

/** Not in the process that has the database open: that would drop its lock. */
async function turnBit(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, at);
  } finally {
    await file.close();
  }
}
