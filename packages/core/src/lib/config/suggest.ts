import { distance } from 'fastest-levenshtein';

/** The one of `known` that `wrong` was probably meant to be: at most a third of its letters (but two are) different. */
export function closestOf(wrong: string, known: Iterable<string>): string | undefined {
  const limit = Math.max(2, Math.floor(wrong.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const letters = distance(wrong.toLowerCase(), candidate.toLowerCase());
    // Of a short word two different letters leave nothing to recognise.
    if (letters < bestDistance && letters < candidate.length / 2) {
      best = candidate;
      bestDistance = letters;
    }
  }
  return best;
}

/** ` (did you mean "keepDays"?)`, or nothing. */
export function didYouMean(wrong: string, known: Iterable<string>): string {
  const best = closestOf(wrong, known);
  return best === undefined ? '' : ` (did you mean "${best}"?)`;
}
