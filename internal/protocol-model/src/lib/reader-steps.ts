/** What the reader may do next: the passes of section 7, as packages/core/src/lib/snapshot makes them. */
import { checksum, garbage } from './content.ts';
import type { Emit } from './allocate.ts';
import type { Engine, Rules } from './options.ts';
import * as S from './state.ts';
import { at, bit, copyOf, metaMask, readRoot, type Root, type State } from './state.ts';
import { STEP } from './steps.ts';
import { endPass, lookAhead, READER, recheck } from './verdict.ts';

/** Emits every state that a step of the reader leads to. */
export function readerSteps(state: State, engine: Engine, rules: Rules, emit: Emit): void {
  switch (at(state, S.R_STEP)) {
    case READER.notStarted:
    case READER.betweenPasses:
      beginPass(state, rules, emit);
      return;
    case READER.capture:
      captureWal(state, rules, emit);
      return;
    case READER.compare:
      compareTrusted(state, emit);
      return;
    case READER.blocks:
      readBlocks(state, engine, rules, emit);
      return;
    case READER.firstRecheck:
    case READER.secondRecheck:
      recheck(state, rules, emit);
      return;
    case READER.lookAhead:
      lookAhead(state, engine, rules, emit);
      return;
    default:
  }
}

function beginPass(state: State, rules: Rules, emit: Emit): void {
  const next = copyOf(state);
  const header = at(state, S.HEADER);
  if (at(state, S.R_STEP) === READER.notStarted) next[S.R_LOWER] = at(state, S.COMMITS);
  see(next, rules, at(state, S.R_PASS) === 0);
  next[S.R_PASS] = at(state, S.R_PASS) + 1;
  next[S.R_HEADER] = header;
  next[S.R_HAVE] = 0;
  next[S.R_NEXT] = 0;
  next[S.R_WRITTEN] = 0;
  next[S.R_STEP] = rules.walBeforeBlocks ? READER.capture : READER.blocks;
  emit(next, STEP.passBegins, header);
}

/** Takes note of the header on disk. */
function see(next: State, rules: Rules, isFirst: boolean): void {
  const known = at(next, S.R_KNOWN);
  const header = at(next, S.HEADER);
  if (isFirst) {
    next[S.R_KNOWN] = header;
    if (rules.trustNeedsSettled) next[S.R_SETTLED] = belowListed(readRoot(next, header));
    return;
  }
  if (known === header) return;
  const { used } = readRoot(next, header);
  const isNext = header === known + 1;
  let trust = at(next, S.R_TRUST);
  if (!isNext && rules.trustNeedsEveryHeader) trust = 0;
  if (rules.trustNeedsUse) trust &= used;
  if (rules.metadataIsReadAgain) trust &= ~metaMask(readRoot(next, header));
  next[S.R_TRUST] = trust;
  if (rules.trustNeedsSettled) {
    next[S.R_SETTLED] = belowListed(readRoot(next, header)) | (isNext ? readRoot(next, known).used : 0);
  }
  next[S.R_KNOWN] = header;
}

/**
 * Blocks below the last one that the lists of a header name as free or as metadata. Free blocks at the end count as none
 * here: a root does not tell them from what is not there.
 */
function belowListed(root: Root): number {
  let end = 7;
  while (end >= 0 && (root.used & bit(end)) === 0) end -= 1;
  while (end >= 0 && (root.used & ~metaMask(root) & bit(end)) !== 0) end -= 1;
  return bit(end + 1) - 1;
}

function captureWal(state: State, rules: Rules, emit: Emit): void {
  const next = copyOf(state);
  next[S.R_WAL_FROM] = at(state, S.WAL_FROM);
  next[S.R_WAL_TO] = at(state, S.WAL_TO);
  next[S.R_WAL_MARKER] = at(state, S.WAL_MARKER);
  next[S.R_WAL_INODE] = at(state, S.WAL_INODE);
  const compares = rules.trustIsCompared && at(state, S.R_TRUST) !== 0 && at(state, S.R_PASS) > 1;
  const blocks = compares ? READER.compare : READER.blocks;
  next[S.R_STEP] = rules.walBeforeBlocks ? blocks : READER.firstRecheck;
  emit(next, STEP.captureWal, 0);
}

/** Of a block that is being written the beginning may still be the old one: it does not show. */
function compareTrusted(state: State, emit: Emit): void {
  const next = copyOf(state);
  let trusted = at(state, S.R_TRUST);
  for (let block = 0; block < 8; block += 1) {
    const isTorn = (at(state, S.TORN) & bit(block)) !== 0;
    if (!isTorn && at(state, S.CONTENT + block) !== at(state, S.COPY + block)) trusted &= ~bit(block);
  }
  next[S.R_TRUST] = trusted;
  next[S.R_STEP] = READER.blocks;
  emit(next, STEP.compare, 0);
}

/** Whether the captured WAL refers to rows that were written ahead. */
function hasRowsAhead(state: State): boolean {
  const from = at(state, S.R_WAL_FROM);
  if (from === 0) return false;
  for (let k = from; k <= at(state, S.R_WAL_TO); k += 1) if (at(state, S.KIND + k) >= 3) return true;
  return false;
}

function readBlocks(state: State, engine: Engine, rules: Rules, emit: Emit): void {
  const header = at(state, S.R_HEADER);
  const known = at(state, S.R_KNOWN);
  const hasMoved = at(state, S.HEADER) !== known;
  if (hasMoved) {
    const next = copyOf(state);
    see(next, rules, false);
    // A later pass is given up at once, the first one goes on for what the trust rule keeps.
    if (at(state, S.R_PASS) > 1) endPass(next, rules);
    emit(next, STEP.observe, at(state, S.HEADER));
  }
  const { used } = readRoot(state, header);
  // Without a capture before the blocks, the reader knows no better than to take them all.
  const withFree = rules.carryFree && (!rules.walBeforeBlocks || hasRowsAhead(state));
  for (let block = at(state, S.R_NEXT); block < engine.blocks; block += 1) {
    const isUsed = (used & bit(block)) !== 0;
    const next = copyOf(state);
    next[S.R_NEXT] = block + 1;
    if (mayKeep(state, rules, block)) {
      next[S.R_HAVE] = at(next, S.R_HAVE) | bit(block);
      if (isUsed) next[S.R_TRUST_USED] = at(next, S.R_PASS) > 1 ? 1 : 0;
      // Reads nothing, so it may as well happen together with what comes next.
      readBlocksFrom(next, engine, rules, emit);
      return;
    }
    if (!isUsed && !withFree) continue;
    const isTorn = (at(state, S.TORN) & bit(block)) !== 0;
    const content = at(state, S.CONTENT + block);
    if (rules.tornCheck && (isTorn || content === 0)) {
      // In use: read again, until it is whole. Free: the captured WAL does not refer to it.
      if (isUsed) return;
      emit(next, STEP.skipTorn, block);
      return;
    }
    next[S.COPY + block] = isTorn ? garbage : content;
    next[S.R_HAVE] = at(next, S.R_HAVE) | bit(block);
    next[S.R_EVER] = at(next, S.R_EVER) | bit(block);
    trust(next, rules, block);
    emit(next, STEP.copyBlock, block);
    return;
  }
  const next = copyOf(state);
  next[S.R_NEXT] = engine.blocks;
  next[S.R_STEP] = rules.walBeforeBlocks ? READER.firstRecheck : READER.capture;
  readerSteps(next, engine, rules, emit);
}

/** Goes on without offering to look at the head a second time. */
function readBlocksFrom(state: State, engine: Engine, rules: Rules, emit: Emit): void {
  readBlocks(state, engine, rules, (next, step, argument) => {
    if (step !== STEP.observe) emit(next, step, argument);
  });
}

/** Whether the copy's block is kept without reading it again. */
function mayKeep(state: State, rules: Rules, block: number): boolean {
  if ((at(state, S.R_TRUST) & bit(block)) !== 0) return true;
  if (rules.checksumIsNoIdentity || (at(state, S.R_EVER) & bit(block)) === 0) return false;
  if ((at(state, S.TORN) & bit(block)) !== 0) return false;
  return checksum(at(state, S.CONTENT + block)) === checksum(at(state, S.COPY + block));
}

function trust(next: State, rules: Rules, block: number): void {
  const root = readRoot(next, at(next, S.R_KNOWN));
  let allowed = rules.trustNeedsUse ? root.used : 0xff;
  if (rules.metadataIsReadAgain) allowed &= ~metaMask(root);
  if (rules.trustNeedsSettled) allowed &= at(next, S.R_SETTLED);
  next[S.R_TRUST] = at(next, S.R_TRUST) | (bit(block) & allowed);
}
