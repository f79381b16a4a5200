import { describe, expect, it } from 'vitest';

import { ALL_RULES, type Engine, ENGINE_14, ENGINE_15, type Rules } from '../src/index.ts';
import { exploreApart } from './explore-apart.ts';

const TWO_BULKS: Engine = { ...ENGINE_15, smalls: 1, bulks: 2, checkpoints: 1 };

const TWO_CHECKPOINTS: Engine = { ...ENGINE_15, smalls: 1 };

const THREE_CHECKPOINTS: Engine = { ...ENGINE_15, smalls: 3, bulks: 0, checkpoints: 3 };

const COUNTED_LATE: Engine = {
  ...ENGINE_15,
  smalls: 1,
  checkpoints: 1,
  retries: true,
  pinsFreedBlocks: true,
};

interface Case {
  readonly name: string;
  readonly engine: Engine;
  readonly rules: Partial<Rules>;
}

/** Each of them is needed as soon as another rule is gone: see counterexamples.test.ts. The README says why. */
const CASES: readonly Case[] = [
  { name: 'marker in the captured WAL', engine: TWO_BULKS, rules: { markerAtStart: false } },
  { name: 'same file, same beginning of the WAL', engine: TWO_CHECKPOINTS, rules: { samePrefix: false } },
  { name: 'torn blocks are read again', engine: TWO_BULKS, rules: { tornCheck: false } },
  {
    name: '1.4: marker in the WAL at all',
    engine: ENGINE_14,
    rules: { markerAtEnd: false },
  },
  {
    name: 'trust ends if a header was missed',
    engine: THREE_CHECKPOINTS,
    rules: { trustNeedsEveryHeader: false },
  },
  {
    name: 'trust ends if a block is free',
    engine: THREE_CHECKPOINTS,
    rules: { trustNeedsUse: false },
  },
  {
    name: 'metadata is read again',
    engine: THREE_CHECKPOINTS,
    rules: { metadataIsReadAgain: false },
  },
  {
    name: 'blocks counted too late are not trusted',
    engine: COUNTED_LATE,
    rules: { trustNeedsSettled: false },
  },
  { name: '1.4: WAL before head at the end', engine: ENGINE_14, rules: { walBeforeHead: false } },
  { name: '1.4: proof for an empty WAL', engine: ENGINE_14, rules: { emptyWalNeedsProof: false } },
];

describe('a rule that others stand in for can go alone', () => {
  it.each(CASES)('$name', async ({ engine, rules }) => {
    const found = await exploreApart(engine, { ...ALL_RULES, ...rules }, 4_000_000);
    expect(found.counterexample).toBeUndefined();
    expect(found.complete).toBe(true);
  });
});
