import { RULES, type Rules } from '@quackup/core/internal';

const NOT_COMPARED: Partial<Rules> = { isAsCopied: () => true };

/**
 * Rules that `--without` drops, one at a time. Whatever is trusted wrongly is found by the comparison, if the beginning of a
 * block shows it: so the rules of trust go together with it.
 */
export const DROPPABLE: Readonly<Record<string, Partial<Rules>>> = {
  marker: { showsCheckpoint: () => false },
  head: { headStayed: () => true },
  'same-wal': { walContinues: () => true },
  'empty-wal': { commitProves: () => true },
  'block-checksum': { isWhole: () => true },
  consecutive: { followsDirectly: () => true, ...NOT_COMPARED },
  settled: { isCopyOnWrite: ({ used, metadata }) => used && !metadata, ...NOT_COMPARED },
  metadata: { isCopyOnWrite: ({ used, settled }) => used && settled, ...NOT_COMPARED },
  compared: NOT_COMPARED,
  'free-blocks': { needsFreeBlocks: () => false },
};

/** @param names of {@link DROPPABLE}. */
export function rulesWithout(names: readonly string[]): Rules {
  return Object.assign({ ...RULES }, ...names.map((name) => DROPPABLE[name])) as Rules;
}
