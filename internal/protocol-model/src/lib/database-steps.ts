/**
 * What DuckDB may do next: transactions, bulk transactions and the checkpoint (checkpoint-steps.ts), whichever its locks
 * let (`DuckTransaction::SetModifications`, `DuckTransactionManager::CommitTransaction`, v1.5.5 and v1.4.4).
 */
import { allocate, BULK, type Emit } from './allocate.ts';
import { CHECKPOINT, checkpointStarts, checkpointSteps } from './checkpoint-steps.ts';
import { bulkRows, metaOf, tableAt } from './content.ts';
import type { Engine } from './options.ts';
import * as S from './state.ts';
import { at, bit, copyOf, type State } from './state.ts';
import { STEP } from './steps.ts';

export function initialState(engine: Engine): State {
  const state = new Uint8Array(S.STATE_SIZE);
  // Metadata, the two tables, then a free block.
  const meta: readonly [number, number] = engine.metaBlocks === 2 ? [0, 3] : [0, S.NO_BLOCK];
  const count = engine.metaBlocks === 2 ? 4 : 3;
  state[S.SMALLS_LEFT] = engine.smalls;
  state[S.CHECKPOINTS_LEFT] = engine.checkpoints;
  state[S.BLOCK_COUNT] = count;
  state[S.CP_TABLE] = S.NO_BLOCK;
  state[S.CP_TABLE + 1] = S.NO_BLOCK;
  state[S.CP_META] = S.NO_BLOCK;
  state[S.CONTENT] = metaOf(0, false);
  state[S.CONTENT + 1] = tableAt(state, 0, 0);
  state[S.CONTENT + 2] = tableAt(state, 1, 0);
  if (engine.metaBlocks === 2) state[S.CONTENT + 3] = metaOf(0, false);
  const used = bit(count) - 1;
  S.writeRoot(state, 0, { tables: [1, 2], meta, bulks: [S.NO_BLOCK, S.NO_BLOCK], base: 0, used });
  return state;
}

/** Emits every state that a step of DuckDB leads to. */
export function databaseSteps(state: State, engine: Engine, emit: Emit): void {
  const running = at(state, S.CP_STEP) !== CHECKPOINT.none;
  const mayWrite = !running || engine.manner === '1.5';
  const mayCommit = mayWrite && (at(state, S.CP_FLAGS) & S.CP_LOCKED) === 0;
  if (mayCommit) transactionSteps(state, emit);
  if (mayWrite) bulkSteps(state, engine, mayCommit, emit);
  if (at(state, S.PINNED) !== 0) queryEnds(state, emit);
  if (running) checkpointSteps(state, engine, emit);
  else if (at(state, S.CHECKPOINTS_LEFT) > 0) checkpointStarts(state, engine, emit);
}

function transactionSteps(state: State, emit: Emit): void {
  const left = at(state, S.SMALLS_LEFT);
  if (left === 0) return;
  // Every second one changes the other table, so that a checkpoint leaves a table where it is.
  const table = left % 2;
  const next = copyOf(state);
  next[S.SMALLS_LEFT] = left - 1;
  commit(next, table + 1);
  emit(next, STEP.commit, table);
}

/** Appends a commit to the WAL that transactions write to now. */
function commit(next: State, kind: number): void {
  const number = at(next, S.COMMITS) + 1;
  next[S.COMMITS] = number;
  next[S.KIND + number] = kind;
  const [from, to] =
    at(next, S.CP_STEP) !== CHECKPOINT.none && at(next, S.WAL_MARKER) === 1
      ? [S.NEXT_FROM, S.NEXT_TO]
      : [S.WAL_FROM, S.WAL_TO];
  if (at(next, from) === 0) {
    next[from] = number;
    if (from === S.WAL_FROM) next[S.WAL_INODE] = at(next, S.WAL_INODE) ^ 1;
  }
  next[to] = number;
}

function bulkSteps(state: State, engine: Engine, mayCommit: boolean, emit: Emit): void {
  for (let bulk = 0; bulk < engine.bulks; bulk += 1) {
    const status = at(state, S.BULK + bulk);
    const block = at(state, S.BULK_BLOCK + bulk);
    const isRetry = status === BULK.rolledBack && engine.retries && at(state, S.BULK_TRY + bulk) === 0;
    if (status === BULK.idle || isRetry) {
      // Bulk 2 is the same as bulk 1 until one of them starts.
      if (bulk > 0 && at(state, S.BULK) === BULK.idle) continue;
      if (engine.flushesAtF && at(state, S.CP_STEP) === CHECKPOINT.meta && at(state, S.CP_META_BEGUN) === 0)
        continue;
      allocate(state, engine, (next, taken) => {
        next[S.BULK + bulk] = BULK.writing;
        if (isRetry) next[S.BULK_TRY + bulk] = 1;
        next[S.BULK_BLOCK + bulk] = taken;
        next[S.CONTENT + taken] = bulkRows(next, bulk);
        next[S.TORN] = at(next, S.TORN) | bit(taken);
        emit(next, STEP.bulkBegin, bulk);
      });
    } else if (status === BULK.writing) {
      const next = copyOf(state);
      next[S.BULK + bulk] = BULK.written;
      next[S.TORN] = at(next, S.TORN) & ~bit(block);
      emit(next, STEP.bulkEnd, bulk);
    } else if (status === BULK.written && !isInCheckpoint(state, bulk)) {
      if (mayCommit) {
        const next = copyOf(state);
        next[S.BULK + bulk] = BULK.committed;
        commit(next, bulk + 3);
        emit(next, STEP.bulkCommit, bulk);
      }
      const next = copyOf(state);
      next[S.BULK + bulk] = BULK.rolledBack;
      next[S.FREE] = at(next, S.FREE) | bit(block);
      next[S.BULK_BLOCK + bulk] = 0;
      emit(next, STEP.bulkRollback, bulk);
    }
  }
}

function queryEnds(state: State, emit: Emit): void {
  const next = copyOf(state);
  next[S.FREE] = at(state, S.FREE) | at(state, S.PINNED);
  next[S.PINNED] = 0;
  emit(next, STEP.queryEnds, 0);
}

/** Whether the running checkpoint is this transaction's commit. */
function isInCheckpoint(state: State, bulk: number): boolean {
  const base = at(state, S.CP_BASE);
  return (
    at(state, S.CP_STEP) !== CHECKPOINT.none &&
    base > at(state, S.COMMITS) &&
    at(state, S.KIND + base) === bulk + 3
  );
}
