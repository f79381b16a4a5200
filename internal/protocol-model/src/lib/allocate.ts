/** What transactions and checkpoints share: telling of a next state, and taking a block. */
import type { Engine } from './options.ts';
import * as S from './state.ts';
import { at, bit, copyOf, type State } from './state.ts';

export type Emit = (next: State, step: number, argument: number) => void;

/** States of a bulk transaction. */
export const BULK = { idle: 0, writing: 1, written: 2, committed: 3, rolledBack: 4 } as const;

/** Emits `state` with each block that may be allocated now. */
export function allocate(state: State, engine: Engine, then: (next: State, block: number) => void): void {
  const free = at(state, S.FREE);
  for (let block = 0; block < engine.blocks; block += 1) {
    if ((free & bit(block)) === 0) continue;
    const next = copyOf(state);
    next[S.FREE] = free & ~bit(block);
    then(next, block);
    if (engine.allocation === 'lowest') return;
  }
  const count = at(state, S.BLOCK_COUNT);
  if (free !== 0 || count === engine.blocks) return;
  const next = copyOf(state);
  next[S.BLOCK_COUNT] = count + 1;
  then(next, count);
}
