import { expect, test } from 'vitest';

import { quantile, summarize } from '../src/lib/summary.ts';
import { judgeCopy } from '../src/lib/verdict.ts';

test('a copy may end anywhere between what had returned before it and what had begun when it ended', () => {
  for (const last of [5, 6, 7]) expect(judgeCopy({ last: [last], wrong: [] }, [5], [7])).toEqual([]);
  expect(judgeCopy({ last: [4], wrong: [] }, [5], [7])).toEqual([
    'lost commits of 0: it ends with 4, 5 had been acknowledged',
  ]);
  expect(judgeCopy({ last: [8], wrong: [] }, [5], [7])).toEqual(['commits of 0 from the future: 8']);
});

test('what the checker found is wrong whatever else is right', () => {
  expect(judgeCopy({ last: [5], wrong: ['balance of 0: 3 instead of 0'] }, [5], [5])).toHaveLength(1);
  expect(judgeCopy({ last: [], wrong: ['it does not open'] }, [5], [5])).toEqual(['it does not open']);
});

test('the summary counts what was accepted, what was bad and what was given up', () => {
  const base = {
    engine: '1.5',
    storage: 'default',
    scenario: 'small',
    wrong: [],
    ms: 10,
    passes: 1,
    readRatio: 1,
  };
  const lines = summarize([
    { ...base, outcome: 'good' },
    { ...base, outcome: 'bad', ms: 30 },
    { ...base, outcome: 'given up', ms: 99 },
  ]);
  expect(lines.at(-1)).toBe('| all | |  | 2 | 1 | 1 | 30 / 30 / 30 | 1 / 1 / 1 | 1.00 |');
  expect(quantile([], 0.5)).toBe(0);
});
