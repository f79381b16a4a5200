import { describe, expect, it } from 'vitest';

import { type CaseResult, conformanceCases, MemoryStore, runCase } from '../src/index.ts';
import { conditionMutants } from './mutants/condition-mutants.ts';
import { getMutants } from './mutants/get-mutants.ts';
import { lifeMutants } from './mutants/life-mutants.ts';
import { listMutants } from './mutants/list-mutants.ts';
import type { Mutant } from './mutants/mutant.ts';
import { putMutants } from './mutants/put-mutants.ts';

const mutants: readonly Mutant[] = [
  ...putMutants,
  ...conditionMutants,
  ...getMutants,
  ...listMutants,
  ...lifeMutants,
];

async function run(mutant: Mutant, id: string): Promise<CaseResult> {
  const testCase = conformanceCases.find((each) => each.id === id);
  if (testCase === undefined) throw new TypeError(`there is no case ${id}`);
  const store = new MemoryStore();
  // Some mutants never answer; that is a failure too, and must not take long here.
  const timeoutMs = mutant.large === true ? 10_000 : 1000;
  return runCase(
    { ...testCase, slow: 1 },
    { open: async () => mutant.connect(store), timeoutMs, large: mutant.large ?? false },
  );
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

it('has a mutant for every case', () => {
  const caught = new Set(mutants.flatMap((mutant) => mutant.caughtBy));
  expect(conformanceCases.map(({ id }) => id).filter((id) => !caught.has(id))).toEqual([]);
});

it('gives every case an id of its own', () => {
  expect(new Set(conformanceCases.map(({ id }) => id)).size).toBe(conformanceCases.length);
});
