import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { enginePaths } from '../src/lib/engines.ts';
import { rulesWithout } from '../src/lib/rules.ts';
import { SCENARIOS } from '../src/lib/scenarios.ts';
import { stress } from '../src/lib/stress.ts';

test('copies of a database that is being written are each one committed state', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quackup-stress-test-'));
  try {
    const attempts = await stress({
      seed: 3,
      seconds: 60,
      copies: 12,
      engines: enginePaths(['1.5'], folder),
      storage: ['default', 'latest'],
      scenarios: SCENARIOS.filter(({ name }) =>
        ['low threshold', 'bulk loads', 'several writers', 'killed'].includes(name),
      ),
      jobs: 1,
      keepBad: false,
      copiesPerRun: 4,
      method: 'quackup',
      rules: rulesWithout([]),
      waitMs: 30_000,
      folder,
      onAttempt: () => undefined,
    });
    expect(attempts.filter(({ outcome }) => outcome === 'bad')).toEqual([]);
    expect(attempts.filter(({ outcome }) => outcome === 'good').length).toBeGreaterThanOrEqual(12);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
