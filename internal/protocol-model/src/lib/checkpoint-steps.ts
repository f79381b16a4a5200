/**
 * What a checkpoint may do next, in the order of DuckDB's source (`SingleFileCheckpointWriter::CreateCheckpoint`,
 * `SingleFileBlockManager::WriteHeader`, v1.5.5 and v1.4.4).
 */
import { allocate, BULK, type Emit } from './allocate.ts';
import { metaOf, tableAt } from './content.ts';
import type { Engine } from './options.ts';
import * as S from './state.ts';
import { at, bit, copyOf, type State } from './state.ts';
import { STEP } from './steps.ts';

/** What a checkpoint does next; `meta` to `count` - 1 are the halves of the metadata blocks. */
export const CHECKPOINT = {
  none: 0,
  tables: 1,
  marker: 3,
  frees: 4,
  meta: 5,
  count: 9,
  header: 10,
  finishWal: 11,
} as const;

const isInFlight = (status: number): boolean => status === BULK.writing || status === BULK.written;

export function checkpointStarts(state: State, engine: Engine, emit: Emit): void {
  const commits = at(state, S.COMMITS);
  const hasWal = at(state, S.WAL_FROM) !== 0;
  const is15 = engine.manner === '1.5';
  const inFlight = [0, 1].filter((bulk) => isInFlight(at(state, S.BULK + bulk)));
  const start = (base: number, flags: number, step: number, argument: number): void => {
    const prepare = (next: State): void => {
      next[S.CHECKPOINTS_LEFT] = at(next, S.CHECKPOINTS_LEFT) - 1;
      next[S.CP_STEP] = CHECKPOINT.tables;
      next[S.CP_BASE] = base;
      next[S.CP_FLAGS] = flags;
      if (base > commits) next[S.KIND + base] = argument + 3;
      if ((flags & S.CP_MARKED) !== 0 && is15) next[S.WAL_MARKER] = 1;
      emit(next, step, argument);
    };
    prepare(copyOf(state));
    if (!engine.movesMetadata) return;
    allocate(state, engine, (next, block) => {
      next[S.CP_META] = block;
      prepare(next);
    });
  };
  const marked = hasWal ? S.CP_MARKED : 0;
  // 1.4: the checkpoint lock is exclusive, so nobody is in the middle of writing.
  if (hasWal && (is15 || inFlight.length === 0)) {
    start(commits, marked, is15 ? STEP.checkpointMarked : STEP.checkpointAlone, 0);
  }
  if (!hasWal && engine.forcesCheckpoints && (is15 || inFlight.length === 0)) {
    start(commits, 0, STEP.checkpointForced, 0);
  }
  for (const bulk of inFlight) {
    if (at(state, S.BULK + bulk) !== BULK.written || (!is15 && inFlight.length > 1)) continue;
    start(commits + 1, marked | S.CP_LOCKED, STEP.checkpointForBulk, bulk);
  }
}

export function checkpointSteps(state: State, engine: Engine, emit: Emit): void {
  const header = at(state, S.HEADER);
  const root = S.readRoot(state, header);
  const base = at(state, S.CP_BASE);
  const flags = at(state, S.CP_FLAGS);
  const step = at(state, S.CP_STEP);
  const isMarked = (flags & S.CP_MARKED) !== 0;

  if (step < CHECKPOINT.marker) {
    const table = step - CHECKPOINT.tables;
    const content = tableAt(state, table, base);
    if (content === tableAt(state, table, root.base)) {
      // Nothing to write; part of the next step.
      const next = copyOf(state);
      next[S.CP_STEP] = step + 1;
      checkpointSteps(next, engine, emit);
      return;
    }
    allocate(state, engine, (next, block) => {
      next[S.CP_STEP] = step + 1;
      next[S.CP_TABLE + table] = block;
      next[S.CONTENT + block] = content;
      emit(next, STEP.writeTable, table);
    });
    return;
  }

  const next = copyOf(state);
  if (step === CHECKPOINT.marker) {
    next[S.CP_STEP] = CHECKPOINT.frees;
    if (engine.manner === '1.5' || !isMarked) {
      checkpointSteps(next, engine, emit);
      return;
    }
    next[S.WAL_MARKER] = 1;
    emit(next, STEP.markerLate, 0);
  } else if (step === CHECKPOINT.frees) {
    freeReplaced(next, header + 1, root);
    next[S.CP_STEP] = CHECKPOINT.meta;
    next[S.CP_COUNT_AT_F] = at(next, S.BLOCK_COUNT);
    emit(next, STEP.free, 0);
    if (!engine.pinsFreedBlocks) return;
    const pinned = copyOf(next);
    pinned[S.FREE] = at(state, S.FREE);
    if (engine.endsQueries) pinned[S.PINNED] = at(state, S.PINNED) | (at(next, S.FREE) & ~at(state, S.FREE));
    emit(pinned, STEP.freePinned, 0);
  } else if (step < CHECKPOINT.count) {
    writeMetadata(next, engine, header + 1, emit);
  } else if (step === CHECKPOINT.count) {
    next[S.CP_STEP] = CHECKPOINT.header;
    const added = (bit(at(next, S.BLOCK_COUNT)) - 1) & ~(bit(at(next, S.CP_COUNT_AT_F)) - 1);
    if (engine.countsBlocksLate && added !== 0) {
      const used = S.rootOf(header + 1) + 4;
      next[used] = at(next, used) | added;
      emit(next, STEP.count, 0);
    } else {
      checkpointSteps(next, engine, emit);
    }
  } else if (step === CHECKPOINT.header) {
    next[S.HEADER] = header + 1;
    if (base > at(next, S.COMMITS)) {
      next[S.COMMITS] = base;
      next[S.BULK + at(next, S.KIND + base) - 3] = BULK.committed;
    }
    if (isMarked) next[S.CP_STEP] = CHECKPOINT.finishWal;
    else endCheckpoint(next);
    emit(next, STEP.header, header + 1);
  } else {
    next[S.WAL_FROM] = at(next, S.NEXT_FROM);
    next[S.WAL_TO] = at(next, S.NEXT_TO);
    if (at(next, S.NEXT_FROM) !== 0) next[S.WAL_INODE] = at(next, S.WAL_INODE) ^ 1;
    next[S.WAL_MARKER] = 0;
    next[S.NEXT_FROM] = 0;
    next[S.NEXT_TO] = 0;
    endCheckpoint(next);
    emit(next, STEP.finishWal, 0);
  }
}

/** F: what the checkpoint replaced goes into the free list, and the list for the next header is made. */
function freeReplaced(next: State, header: number, root: S.Root): void {
  const tables: [number, number] = [root.tables[0], root.tables[1]];
  const meta: [number, number] = [root.meta[0], root.meta[1]];
  let free = at(next, S.FREE);
  for (const table of [0, 1] as const) {
    const block = at(next, S.CP_TABLE + table);
    if (block === S.NO_BLOCK) continue;
    free |= bit(tables[table]);
    tables[table] = block;
  }
  if (at(next, S.CP_META) !== S.NO_BLOCK) {
    free |= bit(meta[0]);
    meta[0] = at(next, S.CP_META);
  }
  next[S.FREE] = free;
  const bulks: [number, number] = [root.bulks[0], root.bulks[1]];
  let unfinished = 0;
  const base = at(next, S.CP_BASE);
  for (const bulk of [0, 1] as const) {
    const status = at(next, S.BULK + bulk);
    let included = false;
    for (let k = 1; k <= base; k += 1) included ||= at(next, S.KIND + k) === bulk + 3;
    if (included) bulks[bulk] = at(next, S.BULK_BLOCK + bulk);
    // Blocks that are written ahead count as free until the WAL or a checkpoint refers to them.
    else if (status === BULK.writing || status === BULK.written)
      unfinished |= bit(at(next, S.BULK_BLOCK + bulk));
  }
  const used = (bit(at(next, S.BLOCK_COUNT)) - 1) & ~free & ~unfinished;
  S.writeRoot(next, header, { tables, meta, bulks, base, used });
}

/** Metadata blocks are written one after another, each in two halves. */
function writeMetadata(next: State, engine: Engine, header: number, emit: Emit): void {
  const half = at(next, S.CP_STEP) - CHECKPOINT.meta;
  const which = half >> 1;
  const { meta } = S.readRoot(next, header);
  const block = which === 0 ? meta[0] : meta[1];
  next[S.CP_STEP] = half + 1 === 2 * engine.metaBlocks ? CHECKPOINT.count : CHECKPOINT.meta + half + 1;
  if (half % 2 === 0) {
    const isNew = which === 0 && at(next, S.CP_META) !== S.NO_BLOCK;
    next[S.CONTENT + block] = metaOf(header, isNew);
    next[S.TORN] = at(next, S.TORN) | bit(block);
    next[S.CP_META_BEGUN] = at(next, S.CP_META_BEGUN) | bit(which);
    emit(next, STEP.metaBegin, block);
  } else {
    next[S.TORN] = at(next, S.TORN) & ~bit(block);
    emit(next, STEP.metaEnd, block);
  }
}

function endCheckpoint(next: State): void {
  next[S.CP_STEP] = CHECKPOINT.none;
  next[S.CP_BASE] = 0;
  next[S.CP_FLAGS] = 0;
  next[S.CP_TABLE] = S.NO_BLOCK;
  next[S.CP_TABLE + 1] = S.NO_BLOCK;
  next[S.CP_META] = S.NO_BLOCK;
  next[S.CP_COUNT_AT_F] = 0;
  next[S.CP_META_BEGUN] = 0;
}
