import type { Config } from '@quackup/core';
import { nextRuns, parseTiming } from '@quackup/schedule';

import { findJitter, findTiming } from '../schedule/timing.ts';

/** Enough runs to meet the longest pause of a week, and of most months. */
const RUNS = 64;

/** How long a run may take until its backup counts as late, milliseconds. */
const GRACE_MS = 2 * 3_600_000;

/**
 * How old the last backup may be by the configuration's schedule, in milliseconds: the longest time between two runs, and as
 * long as a run may begin later and take.
 *
 * @returns undefined if there is no schedule in the configuration.
 * @throws CONFIG_INVALID if the schedule is none.
 */
export function allowedAgeMs(config: Config, now: Date): number | undefined {
  const timing = findTiming({}, config);
  if (timing === undefined) return undefined;
  const runs = nextRuns(parseTiming(timing), { count: RUNS, from: now });
  const longestMs = runs.reduce(
    (longest, run, place) => Math.max(longest, run.getTime() - (runs[place - 1] ?? run).getTime()),
    0,
  );
  // A schedule with a single run to come says nothing of how often it comes.
  return longestMs === 0 ? undefined : longestMs + findJitter(undefined, config) + GRACE_MS;
}
