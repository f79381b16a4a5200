import { describe, expect, it } from 'vitest';

import { type CaseResult, conformanceCases, MemoryStore, runCase } from '../src/index.ts';
import { conditionMutants } from './mutants/condition-mutants.ts';
import { getMutants } from './mutants/get-mutants.ts';
import { lifeMutants } from './mutants/life-mutants.ts';
import { listMutants } from './mutants/list-mutants.ts';
import type { Mutant } from './mutants/mutant.ts';
import { productMutants } from './mutants/product-mutants.ts';
import { putMutants } from './mutants/put-mutants.ts';
import { unfinishedMutants } from './mutants/unfinished-mutants.ts';
import { memoryDefinition, wholeSetup } from './memory-definition.ts';

const mutants: readonly Mutant[] = [
  ...putMutants,
  ...conditionMutants,
  ...getMutants,
  ...listMutants,
  ...lifeMutants,
  ...productMutants,
  ...unfinishedMutants,
];

async function run(mutant: Mutant, id: string): Promise<CaseResult> {
  const testCase = conformanceCases.find((each) => each.id === id);
  if (testCase === undefined) throw new TypeError(`there is no case ${id}`);
  const store = new MemoryStore();
  const definition = memoryDefinition(store);
  // Some mutants never answer; that is a failure too, and must not take long here.
  const timeoutMs = mutant.large === true || mutant.only === true ? 10_000 : 1000;
  return runCase(
    { ...testCase, slow: 1 },
    {
      ...wholeSetup(store, mutant.definition?.(definition) ?? definition),
      open: async () => mutant.connect(store),
      timeoutMs,
      large: mutant.large ?? false,
    },
  );
}

// The slow cases take a second for each mutant: they are left out unless they are asked for.
const everyCase = process.env.QUACKUP_TEST_MUTANTS === 'all';

/** Ids of the cases that notice. */
async function caughtBy(mutant: Mutant): Promise<readonly string[]> {
  const caught: string[] = [];
  for (const { id, slow } of conformanceCases) {
    if (slow !== undefined && !everyCase && !mutant.caughtBy.includes(id)) continue;
    // That one is about the objects of a target in memory, of whichever kind.
    if (id === 'put.bounded-memory') continue;
    if ((await run(mutant, id)).status === 'failed') caught.push(id);
  }
  return caught;
}

describe('a target that', () => {
  for (const mutant of mutants) {
    it(`${mutant.name} is caught by ${mutant.caughtBy.join(', ')}`, { timeout: 30_000 }, async () => {
      const results = await Promise.all(mutant.caughtBy.map((id) => run(mutant, id)));
      expect(results.map(({ id, status }) => `${id} ${status}`)).toEqual(
        mutant.caughtBy.map((id) => `${id} failed`),
      );
    });
  }
});

describe('no other case notices a target that', () => {
  for (const mutant of mutants.filter((each) => each.only === true)) {
    it(mutant.name, { timeout: 60_000 }, async () => expect(await caughtBy(mutant)).toEqual(mutant.caughtBy));
  }
});

it('has a mutant for every case', () => {
  const caught = new Set(mutants.flatMap((mutant) => mutant.caughtBy));
  expect(conformanceCases.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
});

it('gives every case an id of its own', () => {
  expect(new Set(conformanceCases.map(({ id }) => id)).size).toBe(conformanceCases.length);
});
