/** The end of a pass: the two looks, and the rules of acceptance. */
import type { Emit } from './allocate.ts';
import type { Engine, Rules } from './options.ts';
import * as S from './state.ts';
import { at, bit, copyOf, type State } from './state.ts';
import { STEP } from './steps.ts';

/** What the reader does next. */
export const READER = {
  notStarted: 0,
  betweenPasses: 1,
  capture: 2,
  blocks: 3,
  firstRecheck: 4,
  secondRecheck: 5,
  lookAhead: 6,
  accepted: 7,
  gaveUp: 8,
  compare: 9,
} as const;

/** What the WAL's recheck saw (or, with the head looked at first, the head's). */
const END_MARKER = 1;
const END_SAME_PREFIX = 2;
const END_COMMITS = 4;
const END_HEAD_MOVED = 8;

const BY_WAL = 1;
const BY_COMMIT = 2;
const BY_QUIET = 3;
const BY_LOOK_AHEAD = 4;
const BY_NOTHING = 5;

/** The two looks at the end, the WAL first unless that rule is off. */
export function recheck(state: State, rules: Rules, emit: Emit): void {
  const isFirst = at(state, S.R_STEP) === READER.firstRecheck;
  const isWal = isFirst === rules.walBeforeHead;
  const next = copyOf(state);
  let end = at(state, S.R_END);
  if (isWal) {
    if (at(state, S.WAL_MARKER) === 1) end |= END_MARKER;
    if (isSamePrefix(state)) end |= END_SAME_PREFIX;
    if (at(state, S.WAL_FROM) !== 0) end |= END_COMMITS;
  } else if (at(state, S.HEADER) !== at(state, S.R_HEADER)) {
    end |= END_HEAD_MOVED;
  }
  next[S.R_END] = end;
  if (isFirst) {
    next[S.R_STEP] = READER.secondRecheck;
    emit(next, isWal ? STEP.recheckWal : STEP.recheckHead, 0);
    return;
  }
  judge(next, rules, end, emit);
}

function isSamePrefix(state: State): boolean {
  return (
    at(state, S.WAL_INODE) === at(state, S.R_WAL_INODE) &&
    at(state, S.WAL_FROM) === at(state, S.R_WAL_FROM) &&
    at(state, S.WAL_TO) >= at(state, S.R_WAL_TO)
  );
}

/** The rules of acceptance: `judgePass` of core's rules.ts. */
function judge(next: State, rules: Rules, end: number, emit: Emit): void {
  const has = (flag: number): boolean => (end & flag) !== 0;
  const isRejected =
    (rules.headAtEnd && has(END_HEAD_MOVED)) ||
    (rules.markerAtStart && at(next, S.R_WAL_MARKER) === 1) ||
    (rules.markerAtEnd && has(END_MARKER));
  if (isRejected) return reject(next, rules, emit);
  if (at(next, S.R_WAL_FROM) !== 0) {
    if (rules.samePrefix && !has(END_SAME_PREFIX)) return reject(next, rules, emit);
    return accept(next, BY_WAL, emit);
  }
  if (!rules.emptyWalNeedsProof) return accept(next, BY_NOTHING, emit);
  if (rules.proofByCommit && has(END_COMMITS)) return accept(next, BY_COMMIT, emit);
  if (rules.proofByQuiet !== 'no' && isQuiet(next, rules)) accept(copyOf(next), BY_QUIET, emit);
  if (rules.proofByLookAhead !== 'no') {
    next[S.R_STEP] = READER.lookAhead;
    next[S.R_SUMS] = at(next, S.CP_META_BEGUN);
    emit(next, STEP.lookAhead, 0);
    return;
  }
  reject(next, rules, emit);
}

/** Nothing was written since the pass began; and, to be fair, a checkpoint is never silent for as long as is waited. */
function isQuiet(state: State, rules: Rules): boolean {
  if (at(state, S.R_WRITTEN) === 1) return false;
  return rules.proofByQuiet === 'unfair' || (at(state, S.CP_STEP) === 0 && at(state, S.TORN) === 0);
}

/** Waits for the next header, whose metadata blocks tell what its checkpoint had written by then. */
export function lookAhead(state: State, engine: Engine, rules: Rules, emit: Emit): void {
  const moved = at(state, S.HEADER) - at(state, S.R_HEADER);
  if (moved === 0) return;
  const begun = at(state, S.R_SUMS);
  const all = bit(engine.metaBlocks) - 1;
  const isProven = rules.proofByLookAhead === 'all' ? begun === 0 : begun !== all;
  if (moved === 1 && isProven) accept(copyOf(state), BY_LOOK_AHEAD, emit);
  else reject(copyOf(state), rules, emit);
}

function accept(next: State, by: number, emit: Emit): void {
  next[S.R_STEP] = READER.accepted;
  next[S.R_ACCEPTED_BY] = by;
  emit(next, STEP.accept, by);
}

function reject(next: State, rules: Rules, emit: Emit): void {
  endPass(next, rules);
  emit(next, STEP.reject, 0);
}

export function endPass(next: State, rules: Rules): void {
  next[S.R_STEP] = at(next, S.R_PASS) < rules.passes ? READER.betweenPasses : READER.gaveUp;
  for (const field of [
    S.R_WAL_FROM,
    S.R_WAL_TO,
    S.R_WAL_MARKER,
    S.R_WAL_INODE,
    S.R_END,
    S.R_HAVE,
    S.R_NEXT,
    S.R_SUMS,
  ]) {
    next[field] = 0;
  }
}
