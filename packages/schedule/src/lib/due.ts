import { type Calendar, nextRuns } from './calendar.ts';

/** A moment that lies further ahead than this was written while the clock was wrong, milliseconds. */
const MAX_AHEAD_MS = 3_600_000;

/**
 * Whether a time of a calendar has come since the last run began, so that a run is to be made now: also one that was missed.
 * However many were missed, one run makes up for them.
 *
 * @param lastBegun When the last run began; `undefined` if there was none.
 * @returns `unknown` if there is nothing to tell it from: no run, or one that lies ahead because the clock was wrong.
 */
export function isDue(
  calendar: Pick<Calendar, 'expression' | 'timeZone'>,
  lastBegun: Date | undefined,
  now: Date,
): boolean | 'unknown' {
  if (lastBegun === undefined || lastBegun.getTime() > now.getTime() + MAX_AHEAD_MS) return 'unknown';
  const [next] = nextRuns(calendar, { count: 1, from: lastBegun });
  return next !== undefined && next.getTime() <= now.getTime();
}
