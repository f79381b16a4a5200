import { conformanceCases } from './conformance-cases.ts';
import { checkSetup, type ConformanceSetup } from './conformance-setup.ts';
import { type CaseResult, runCase } from './run-case.ts';

/** Which cases to run. */
export interface ConformanceSelection {
  /** Only cases that may run in a place that holds other objects. Default: false. */
  readonly safeOnly?: boolean;
}

/**
 * Runs the cases one after another and yields each result as it is known. Needs no test runner.
 *
 * @throws the reason of the setup's signal, when what the case that was under way stored is removed.
 * @throws TypeError if a known failure is not the id of a case.
 * @throws TargetError `INVALID_KEY` if no key can begin with the setup's `keyPrefix`.
 */
export async function* runConformance(
  setup: ConformanceSetup,
  { safeOnly = false }: ConformanceSelection = {},
): AsyncGenerator<CaseResult, void> {
  checkSetup(setup, new Set(conformanceCases.map((testCase) => testCase.id)));
  for (const testCase of conformanceCases) {
    if (!testCase.safe && safeOnly) continue;
    setup.signal?.throwIfAborted();
    const result = await runCase(testCase, setup);
    setup.signal?.throwIfAborted();
    yield result;
  }
}
