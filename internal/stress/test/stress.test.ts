import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { enginePaths } from '../src/lib/engines.ts';
import { rulesWithout } from '../src/lib/rules.ts';
import { SCENARIOS } from '../src/lib/scenarios.ts';
import { stress, type StressOptions } from '../src/lib/stress.ts';
import type { Attempt } from '../src/lib/summary.ts';

const names = (...wanted: readonly string[]): typeof SCENARIOS =>
  SCENARIOS.filter(({ name }) => wanted.includes(name));

/** Copies of the newest engine's databases, on a folder of their own. */
async function attack(
  options: Pick<StressOptions, 'seed' | 'copies' | 'scenarios' | 'copiesPerRun' | 'method' | 'rules'>,
): Promise<readonly Attempt[]> {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-stress-test-'));
  try {
    return await stress({
      // Enough on a machine that is busy with other tests: it ends with the copies.
      seconds: 300,
      engines: enginePaths(['1.5'], folder),
      storage: ['default', 'latest'],
      jobs: 1,
      keepBad: false,
      waitMs: 30_000,
      folder,
      onAttempt: () => undefined,
      ...options,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const count = (attempts: readonly Attempt[], outcome: Attempt['outcome']): number =>
  attempts.filter((attempt) => attempt.outcome === outcome).length;

test('copies of a database that is being written are each one committed state', async () => {
  const attempts = await attack({
    seed: 3,
    copies: 12,
    scenarios: names('low threshold', 'bulk loads', 'several writers', 'killed'),
    copiesPerRun: 4,
    method: 'quackup',
    rules: rulesWithout([]),
  });
  expect(attempts.filter(({ outcome }) => outcome === 'bad')).toEqual([]);
  expect(count(attempts, 'good')).toBeGreaterThanOrEqual(12);
}, 400_000);

test('what cp takes from a slow source is bad, and the check says so', async () => {
  const attempts = await attack({
    seed: 9,
    copies: 8,
    scenarios: names('slow source', 'missed headers'),
    copiesPerRun: 4,
    method: 'cp-file-wal',
    rules: rulesWithout([]),
  });
  expect(count(attempts, 'bad')).toBeGreaterThan(0);
}, 400_000);
