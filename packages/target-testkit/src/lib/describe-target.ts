import { describe, it } from 'vitest';

import { conformanceCases } from './conformance-cases.ts';
import { checkSetup, type ConformanceSetup, DEFAULT_TIMEOUT_MS } from './conformance-setup.ts';
import { runCase } from './run-case.ts';

/**
 * Declares one vitest test per conformance case. A case that does not apply is skipped with the reason.
 *
 * @param name Of the target, for the report.
 * @throws TypeError if a known failure is not the id of a case.
 */
export function describeTarget(name: string, setup: ConformanceSetup): void {
  checkSetup(setup, new Set(conformanceCases.map((testCase) => testCase.id)));
  describe(name, () => {
    for (const testCase of conformanceCases) {
      // The case ends itself in time; this is only for the opening, the cleaning up and the closing around it.
      const timeout = 4 * (setup.timeoutMs ?? DEFAULT_TIMEOUT_MS) * (testCase.slow ?? 1);
      it(`${testCase.id}: ${testCase.sentence}`, { timeout }, async (test) => {
        const result = await runCase(testCase, setup);
        if (result.status === 'not-applicable') test.skip(result.reason);
        if (result.status === 'failed') throw result.error;
      });
    }
  });
}
