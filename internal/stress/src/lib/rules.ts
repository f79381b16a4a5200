import { RULES, type Rules } from '@quackup/core/internal';

/** A rule that `--without` drops, and scenarios in which it is needed. */
interface DroppableRule {
  readonly change: Partial<Rules>;
  readonly scenarios: readonly string[];
}

export const DROPPABLE: Readonly<Record<string, DroppableRule>> = {
  marker: { change: { showsCheckpoint: () => false }, scenarios: ['only loads', 'killed', 'low threshold'] },
  head: {
    change: { headStayed: () => true },
    scenarios: ['slow source', 'fast checkpoints, slow reading'],
  },
  'wal-same': { change: { walContinues: () => true }, scenarios: ['low threshold', 'slow source'] },
  'empty-wal': { change: { commitProves: () => true }, scenarios: ['only loads'] },
  'block-checksum': { change: { isWhole: () => true }, scenarios: ['metadata', 'only loads'] },
  consecutive: {
    change: { followsDirectly: () => true },
    scenarios: ['fast checkpoints, slow reading'],
  },
  metadata: {
    change: { isCopyOnWrite: ({ used }) => used },
    scenarios: ['metadata', 'fast checkpoints, slow reading'],
  },
  'free-blocks': { change: { needsFreeBlocks: () => false }, scenarios: ['loads in the WAL'] },
};

/** @param names of {@link DROPPABLE}. */
export function rulesWithout(names: readonly string[]): Rules {
  return names.reduce((rules, name) => ({ ...rules, ...DROPPABLE[name]?.change }), RULES);
}
