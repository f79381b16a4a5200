import { databaseSteps, initialState } from './database-steps.ts';
import { judgeCopy } from './judge-copy.ts';
import type { Engine, Rules } from './options.ts';
import { readerSteps } from './reader-steps.ts';
import * as S from './state.ts';
import { at, type State } from './state.ts';
import { StateSet } from './state-set.ts';
import { ACCEPTED_BY, STEP, stepText } from './steps.ts';
import { READER } from './verdict.ts';

export interface Counterexample {
  /** What is wrong with the copy that was accepted. */
  readonly wrong: string;
  /** Every step from the start to the acceptance; no shorter way leads to a wrong copy. */
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly states: number;
  /** Whether all reachable states were looked at: not so if a counterexample or the limit ended it. */
  readonly complete: boolean;
  readonly counterexample: Counterexample | undefined;
  /** Distinct accepted copies by what proved them, and how many of each kind. */
  readonly accepted: Readonly<Record<string, number>>;
}

/**
 * Visits every state that `engine` and a reader with `rules` can reach, nearest first, until a copy is accepted that is
 * wrong.
 *
 * @param maxStates ends the search undecided (`complete: false`), so that memory stays bounded: 104 bytes a state.
 */
export function explore(engine: Engine, rules: Rules, maxStates = 20_000_000): Exploration {
  const seen = new StateSet();
  const accepted: Record<string, number> = {};
  const count = (what: string): void => {
    accepted[what] = (accepted[what] ?? 0) + 1;
  };
  let bad: { readonly index: number; readonly wrong: string } | undefined;
  let current = 0;
  const emit = (next: State, step: number, argument: number): void => {
    forget(next);
    const index = seen.add(next, current, step, argument);
    if (index < 0 || step !== STEP.accept) return;
    const wrong = judgeCopy(next);
    if (wrong !== undefined) bad ??= { index, wrong };
    countCopy(next, count);
  };
  const emitWrite = (next: State, step: number, argument: number): void => {
    if (rules.proofByQuiet !== 'no' && at(next, S.R_STEP) !== READER.notStarted && isWrite(step)) {
      next[S.R_WRITTEN] = 1;
    }
    emit(next, step, argument);
  };
  const done = (complete: boolean): Exploration => ({
    states: seen.size,
    complete,
    counterexample: bad && { wrong: bad.wrong, trace: traceOf(seen, bad.index) },
    accepted,
  });

  seen.add(initialState(engine), -1, STEP.start, 0);
  for (; current < seen.size; current += 1) {
    if (bad !== undefined || seen.size > maxStates) return done(false);
    // A copy: what the set gives is a view that moves when it grows.
    const state = seen.get(current).slice();
    const reader = at(state, S.R_STEP);
    if (reader === READER.accepted || reader === READER.gaveUp) continue;
    databaseSteps(state, engine, emitWrite);
    readerSteps(state, engine, rules, emit);
  }
  return done(true);
}

const NO_WRITES: ReadonlySet<number> = new Set([
  STEP.bulkRollback,
  STEP.free,
  STEP.freePinned,
  STEP.queryEnds,
  STEP.count,
]);

function isWrite(step: number): boolean {
  return !NO_WRITES.has(step);
}

/** Clears what nobody can ask for any more, so that states which differ in it only are one. */
function forget(state: State): void {
  const header = at(state, S.HEADER);
  const isReading = at(state, S.R_STEP) !== READER.notStarted;
  const needed = isReading ? Math.min(header, at(state, S.R_HEADER), at(state, S.R_KNOWN)) : header;
  state.fill(0, S.ROOT, S.rootOf(needed));
  if (at(state, S.R_STEP) !== READER.gaveUp) return;
  state.fill(0);
  state[S.R_STEP] = READER.gaveUp;
}

function countCopy(state: State, count: (what: string) => void): void {
  count(`by ${ACCEPTED_BY[at(state, S.R_ACCEPTED_BY)] ?? '?'}`);
  count(`in pass ${at(state, S.R_PASS)}`);
  count(at(state, S.R_WAL_FROM) === 0 ? 'without WAL' : 'with WAL');
  if (at(state, S.R_HEADER) > 0) count('after a checkpoint');
  if (at(state, S.R_TRUST_USED) === 1) count('with trusted blocks');
  for (let k = at(state, S.R_WAL_FROM); k !== 0 && k <= at(state, S.R_WAL_TO); k += 1) {
    if (at(state, S.KIND + k) >= 3) count('with rows written ahead');
  }
}

function traceOf(seen: StateSet, last: number): string[] {
  const trace: string[] = [];
  for (let index = last; index > 0; index = seen.parent(index)) trace.unshift(stepText(...seen.step(index)));
  return trace;
}
