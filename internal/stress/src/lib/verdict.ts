import type { CheckAnswer } from './protocol.ts';

/**
 * What is wrong with a copy, if anything: what the checker found, commits that were acknowledged before it began and are
 * missing, and commits that were begun only after it had ended.
 */
export function judgeCopy(
  answer: CheckAnswer,
  acknowledgedBefore: readonly number[],
  begunAfter: readonly number[],
): string[] {
  const wrong = [...answer.wrong];
  if (answer.last.length === 0) return wrong;
  for (const [k, before] of acknowledgedBefore.entries()) {
    const last = answer.last[k] ?? 0;
    if (last < before)
      wrong.push(`lost commits of ${k}: it ends with ${last}, ${before} had been acknowledged`);
    if (last > (begunAfter[k] ?? 0)) wrong.push(`commits of ${k} from the future: ${last}`);
  }
  return wrong;
}
