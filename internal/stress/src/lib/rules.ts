import { RULES, type Rules } from '@quackup/core/internal';

/** Rules that `--without` drops, one at a time. */
export const DROPPABLE: Readonly<Record<string, Partial<Rules>>> = {
  marker: { showsCheckpoint: () => false },
  head: { headStayed: () => true },
  'same-wal': { walContinues: () => true },
  'empty-wal': { commitProves: () => true },
  'block-checksum': { isWhole: () => true },
  consecutive: { followsDirectly: () => true },
  settled: { isCopyOnWrite: ({ used, metadata }) => used && !metadata },
  metadata: { isCopyOnWrite: ({ used, settled }) => used && settled },
  'free-blocks': { needsFreeBlocks: () => false },
};

/** @param names of {@link DROPPABLE}. */
export function rulesWithout(names: readonly string[]): Rules {
  return Object.assign({ ...RULES }, ...names.map((name) => DROPPABLE[name])) as Rules;
}
