import type { CaseResult, ConformanceCase } from '@quackup/target-testkit';

export interface ConformanceGroup {
  /** The part of the contract: the beginning of the cases' ids. */
  readonly group: string;
  readonly passed: number;
  readonly failed: number;
  /** Cases about something that the target does not have, and says so. */
  readonly notApplicable: number;
}

export interface CaseFailure {
  readonly id: string;
  /** The sentence of the contract that is not kept. */
  readonly sentence: string;
  /** Whether backups could be lost, broken or not found because of it. */
  readonly essential: boolean;
  readonly message: string;
}

export interface ConformanceSummary {
  readonly ok: boolean;
  readonly groups: readonly ConformanceGroup[];
  readonly failures: readonly CaseFailure[];
  readonly notApplicable: readonly { readonly id: string; readonly reason: string }[];
  /** Probe objects that could not be removed. */
  readonly leftBehind: readonly string[];
}

// How a target speaks of itself and how it is left: annoying, but no backup depends on it.
const NOT_ESSENTIAL: ReadonlySet<string> = new Set(['identity', 'errors', 'abort', 'close', 'definition']);

export const groupOf = (id: string): string => id.slice(0, id.indexOf('.'));

/** Counts the results by group, in the order of the cases. */
export function summarize(
  results: readonly CaseResult[],
  cases: readonly ConformanceCase[],
  leftBehind: readonly string[],
): ConformanceSummary {
  const sentences = new Map(cases.map(({ id, sentence }) => [id, sentence]));
  const failures = results.flatMap((result) => {
    if (result.status !== 'failed') return [];
    const { id, error } = result;
    const message = error instanceof Error ? error.message : String(error);
    return [{ id, sentence: sentences.get(id) ?? id, essential: !NOT_ESSENTIAL.has(groupOf(id)), message }];
  });
  return {
    ok: leftBehind.length === 0 && failures.every(({ essential }) => !essential),
    groups: [...new Set(results.map(({ id }) => groupOf(id)))].flatMap((group) => countGroup(group, results)),
    failures,
    notApplicable: results.flatMap((result) =>
      result.status === 'not-applicable' ? [{ id: result.id, reason: result.reason }] : [],
    ),
    leftBehind,
  };
}

/** Nothing for a group of which nothing applies. */
function countGroup(group: string, results: readonly CaseResult[]): readonly ConformanceGroup[] {
  const own = results.filter(({ id }) => groupOf(id) === group);
  const count = (wanted: CaseResult['status']): number =>
    own.filter(({ status }) => status === wanted).length;
  const [passed, failed, notApplicable] = [count('passed'), count('failed'), count('not-applicable')];
  return passed + failed === 0 ? [] : [{ group, passed, failed, notApplicable }];
}
