import type { CheckAnswer, Flaw } from './protocol.ts';

/**
 * What is wrong with a copy, if anything: what the checker found, commits that were acknowledged before it began and are
 * missing, and commits that were begun only after it had ended.
 */
export function judgeCopy(
  answer: CheckAnswer,
  acknowledgedBefore: readonly number[],
  begunAfter: readonly number[],
): Flaw[] {
  const wrong = [...answer.wrong];
  if (answer.last.length === 0) return wrong;
  for (const [k, before] of acknowledgedBefore.entries()) {
    const last = answer.last[k] ?? 0;
    const begun = begunAfter[k] ?? 0;
    if (last < before)
      wrong.push({ kind: 'lost commit', what: `connection ${k} ends with ${last}, ${before} had returned` });
    if (last > begun)
      wrong.push({ kind: 'future commit', what: `connection ${k} ends with ${last}, ${begun} had begun` });
  }
  return wrong;
}
