/**
 * A short sequence that still fails: leaves out halves, quarters and so on down to single items, as long as `fails` says so.
 *
 * @param maxRuns How often `fails` is asked at most.
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (candidate: readonly T[]) => Promise<boolean>,
  maxRuns: number,
): Promise<readonly T[]> {
  let shortest = items;
  let runs = 0;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // From the end: what comes after the failure is not needed.
    for (let start = shortest.length - size; start > -size; start -= size) {
      const candidate = shortest.filter((_, index) => index < start || index >= start + size);
      if (candidate.length === shortest.length || candidate.length === 0) continue;
      if (runs >= maxRuns) return shortest;
      runs += 1;
      if (await fails(candidate)) shortest = candidate;
    }
  }
  return shortest;
}
