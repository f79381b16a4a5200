import { describe, expect, it } from 'vitest';

import { ALL_RULES, type Engine, ENGINE_14, ENGINE_15, type Rules } from '../src/index.ts';
import { exploreApart } from './explore-apart.ts';

interface Case {
  /** Also the name of the file with the whole trace. */
  readonly name: string;
  readonly engine: Engine;
  readonly rules: Partial<Rules>;
  /** What is wrong with the copy. */
  readonly wrong: RegExp;
}

const TWO_BULKS: Engine = { ...ENGINE_15, smalls: 1, bulks: 2, checkpoints: 1 };
const QUERIES_END: Engine = { ...ENGINE_15, blocks: 5, pinsFreedBlocks: true, endsQueries: true };
/** What is trusted wrongly would be found by comparing it. */
const NOT_COMPARED: Partial<Rules> = { trustIsCompared: false };
const SMALLS_ONLY: Engine = { ...ENGINE_15, bulks: 0, countsBlocksLate: false };

const CASES: readonly Case[] = [
  {
    name: 'no-marker-check',
    engine: ENGINE_15,
    rules: { markerAtStart: false, markerAtEnd: false },
    wrong: /acknowledged before the copy began and is missing/,
  },
  {
    name: 'no-marker-check-at-the-end',
    engine: ENGINE_15,
    rules: { markerAtEnd: false },
    wrong: /should be table A version 0 and is rows of bulk 1/,
  },
  {
    name: 'no-head-recheck',
    engine: ENGINE_15,
    rules: { headAtEnd: false },
    wrong: /commit 1 is missing between the header and the WAL/,
  },
  {
    name: 'no-head-recheck-1.4',
    engine: ENGINE_14,
    rules: { headAtEnd: false },
    wrong: /commit 1 is missing between the header and the WAL/,
  },
  {
    name: 'wal-captured-after-the-blocks',
    engine: ENGINE_15,
    rules: { walBeforeBlocks: false },
    wrong: /should be rows of bulk 1 and is missing/,
  },
  {
    name: 'head-rechecked-before-the-wal',
    engine: ENGINE_15,
    rules: { walBeforeHead: false },
    wrong: /should be table A version 0 and is rows of bulk 1/,
  },
  {
    name: 'free-blocks-not-carried',
    engine: ENGINE_15,
    rules: { carryFree: false },
    wrong: /should be rows of bulk 1 and is missing/,
  },
  {
    name: 'no-marker-at-start-and-no-same-prefix',
    engine: ENGINE_15,
    rules: { markerAtStart: false, samePrefix: false },
    wrong: /the WAL has commit 1, which the header has already/,
  },
  {
    name: 'trust-over-a-missed-header',
    engine: SMALLS_ONLY,
    rules: { ...NOT_COMPARED, trustNeedsEveryHeader: false, trustNeedsSettled: false },
    wrong: /should be table B version 1 and is table A version 0/,
  },
  {
    name: 'trust-over-a-missed-header-settled',
    engine: { ...SMALLS_ONLY, smalls: 3, checkpoints: 3 },
    rules: { ...NOT_COMPARED, trustNeedsEveryHeader: false },
    wrong: /should be table B version 2 and is table A version 0/,
  },
  {
    name: 'trust-in-a-block-that-was-free',
    engine: SMALLS_ONLY,
    rules: { ...NOT_COMPARED, trustNeedsUse: false, trustNeedsSettled: false },
    wrong: /should be table B version 1 and is table A version 0/,
  },
  {
    name: 'metadata-trusted-like-data',
    engine: SMALLS_ONLY,
    rules: { ...NOT_COMPARED, metadataIsReadAgain: false },
    wrong: /should be metadata of header 1 and is metadata of header 0/,
  },
  {
    name: 'trust-in-a-block-that-a-query-held',
    engine: QUERIES_END,
    rules: NOT_COMPARED,
    wrong: /should be rows of bulk 1 and is table A version 0/,
  },
  {
    name: 'equal-checksums-trusted',
    engine: SMALLS_ONLY,
    rules: { checksumIsNoIdentity: false },
    wrong: /should be metadata of header 1 and is metadata of header 0/,
  },
  {
    name: 'empty-wal-accepted-without-proof',
    engine: TWO_BULKS,
    rules: { emptyWalNeedsProof: false },
    wrong: /should be table A version 0 and is rows of bulk 2/,
  },
  {
    name: 'quiet-while-a-checkpoint-waits-for-fsync',
    engine: TWO_BULKS,
    rules: { proofByQuiet: 'unfair' },
    wrong: /should be table A version 0 and is rows of bulk 2/,
  },
  {
    name: 'look-ahead-between-f-and-the-metadata',
    engine: TWO_BULKS,
    rules: { proofByLookAhead: 'all' },
    wrong: /should be table A version 0 and is rows of bulk 2/,
  },
  {
    name: 'look-ahead-with-a-metadata-block-written',
    engine: { ...TWO_BULKS, metaBlocks: 2, flushesAtF: true },
    rules: { proofByLookAhead: 'one' },
    wrong: /should be table A version 0 and is rows of bulk 2/,
  },
  {
    name: 'trust-in-a-block-counted-late-same-header',
    engine: { ...ENGINE_15, smalls: 1, checkpoints: 1, retries: true, pinsFreedBlocks: true },
    rules: { ...NOT_COMPARED, trustNeedsSettled: false },
    wrong: /should be rows of bulk 1, second try and is rows of bulk 1/,
  },
  {
    name: 'trust-in-a-block-counted-late-next-header',
    engine: { ...ENGINE_15, pinsFreedBlocks: true, blocks: 5 },
    rules: { ...NOT_COMPARED, trustNeedsSettled: false },
    wrong: /should be table B version 1 and is rows of bulk 1/,
  },
  {
    name: 'torn-metadata-1.4-without-marker-check',
    engine: ENGINE_14,
    rules: { markerAtEnd: false, tornCheck: false },
    wrong: /should be metadata of header \d and is garbage/,
  },
  {
    name: 'forced-checkpoint-on-an-empty-wal',
    engine: { ...ENGINE_15, checkpoints: 1, movesMetadata: true, forcesCheckpoints: true },
    rules: {},
    wrong: /should be metadata of header 0 and is rows of bulk 1/,
  },
];

describe('a rule switched off lets a wrong copy through', () => {
  it.each(CASES)('$name', async ({ name, engine, rules, wrong }) => {
    const { counterexample, states } = await exploreApart(engine, { ...ALL_RULES, ...rules }, 6_000_000);
    expect(counterexample?.wrong, `no wrong copy in ${states} states`).toMatch(wrong);
    const lines = [...(counterexample?.trace ?? []), `WRONG: ${counterexample?.wrong}`];
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`traces/${name}.txt`);
  });
});
