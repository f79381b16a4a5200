import { describe, expect, it } from 'vitest';

import { ALL_RULES, type Engine, ENGINE_14, ENGINE_15, type Rules } from '../src/index.ts';
import { exploreApart } from './explore-apart.ts';
import { isLarge } from './bound.ts';

interface Case {
  readonly name: string;
  readonly engine: Engine;
  readonly rules?: Partial<Rules>;
  /** Kinds of accepted copies that must be among those found, so that "none is wrong" says something. */
  readonly reaches: readonly string[];
}

const EVERYTHING = [
  'by WAL',
  'by a commit came',
  'by quiet',
  'with WAL',
  'without WAL',
  'after a checkpoint',
  'in pass 2',
  'with trusted blocks',
  'with rows written ahead',
];

const CASES: readonly Case[] = [
  { name: '1.5, two checkpoints beside two transactions and a bulk', engine: ENGINE_15, reaches: EVERYTHING },
  {
    name: '1.5, two bulk transactions, one in the window of the other one’s checkpoint',
    engine: { ...ENGINE_15, smalls: 1, bulks: 2, checkpoints: 1 },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, blocks that the header counts too late, a bulk tried again, pinned blocks',
    engine: { ...ENGINE_15, smalls: 1, checkpoints: 1, retries: true, pinsFreedBlocks: true },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, metadata that moves, any free block',
    engine: { ...ENGINE_15, smalls: 1, checkpoints: 2, movesMetadata: true, allocation: 'any' },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, three checkpoints and three passes',
    engine: { ...ENGINE_15, smalls: 3, bulks: 0, checkpoints: 3 },
    rules: { passes: 3 },
    reaches: ['by WAL', 'by a commit came', 'by quiet', 'in pass 3', 'with trusted blocks'],
  },
  {
    name: '1.5, queries that hold freed blocks and end, if what is trusted is compared',
    engine: { ...ENGINE_15, blocks: 5, pinsFreedBlocks: true, endsQueries: true },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, trust that is not compared, if no query held a freed block and ended',
    engine: { ...ENGINE_15, pinsFreedBlocks: true, smalls: 1 },
    rules: { trustIsCompared: false },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, trust from the first header on, if the block count were read at F',
    engine: { ...ENGINE_15, smalls: 1, pinsFreedBlocks: true, countsBlocksLate: false },
    rules: { trustNeedsSettled: false, trustIsCompared: false },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, look-ahead, if nothing came between F and the metadata',
    engine: { ...ENGINE_15, smalls: 1, bulks: 2, checkpoints: 1, metaBlocks: 2, flushesAtF: true },
    rules: { proofByLookAhead: 'all' },
    reaches: ['by look-ahead'],
  },
  { name: '1.4, two checkpoints beside two transactions and a bulk', engine: ENGINE_14, reaches: EVERYTHING },
  {
    name: '1.4, two bulk transactions, pinned blocks, metadata that moves',
    engine: {
      ...ENGINE_14,
      smalls: 1,
      bulks: 2,
      checkpoints: 1,
      pinsFreedBlocks: true,
      movesMetadata: true,
    },
    reaches: EVERYTHING,
  },
];

const LARGE: readonly Case[] = [
  {
    name: '1.5, two bulks and two checkpoints',
    engine: { ...ENGINE_15, smalls: 1, bulks: 2, checkpoints: 2, pinsFreedBlocks: true },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, queries that hold freed blocks and end, in a file that grows',
    engine: { ...ENGINE_15, pinsFreedBlocks: true, endsQueries: true },
    reaches: EVERYTHING,
  },
  {
    name: '1.5, bulks tried again, any free block, three passes',
    engine: { ...ENGINE_15, smalls: 2, checkpoints: 2, retries: true, allocation: 'any' },
    rules: { passes: 3 },
    reaches: EVERYTHING,
  },
  {
    name: '1.4, two bulks and two checkpoints, three passes',
    engine: { ...ENGINE_14, smalls: 2, bulks: 2, checkpoints: 2 },
    rules: { passes: 3 },
    reaches: EVERYTHING,
  },
];

describe('with all rules no accepted copy is wrong', () => {
  it.each(isLarge ? [...CASES, ...LARGE] : CASES)(
    '$name',
    { timeout: isLarge ? 3_600_000 : 400_000 },
    async ({ engine, rules, reaches }) => {
      const found = await exploreApart(engine, { ...ALL_RULES, ...rules }, isLarge ? 100_000_000 : 4_000_000);
      expect(found.counterexample).toBeUndefined();
      expect(found.complete).toBe(true);
      expect(Object.keys(found.accepted)).toEqual(expect.arrayContaining([...reaches]));
    },
  );
});
