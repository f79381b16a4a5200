import type { TargetLimits } from '../api.ts';

/** How long a target may go without any progress, in milliseconds. */
export const STALL_MS: number = 5 * 60_000;

/** Limits of a target that speaks of none. */
export type Limits = Required<Omit<TargetLimits, 'concurrency' | 'maxUploadRate'>> &
  Pick<TargetLimits, 'concurrency' | 'maxUploadRate'>;

const DEFAULTS = {
  stallMs: STALL_MS,
  // One question, one answer: that does not take long, whatever the line.
  requestMs: 2 * 60_000,
  // Four tries with up to 0.5, 1 and 2 seconds between them: a moment of trouble passes, an outage is reported soon.
  attempts: 4,
  retryMs: 500,
  // What a backup of many requests may need on a bad day; each call that succeeds gives some of it back.
  retryBudget: 50,
};

/** These limits, and the defaults for the rest. */
export function withDefaults(limits: TargetLimits = {}): Limits {
  const all = { ...DEFAULTS, ...limits };
  return { ...all, requestMs: Math.min(all.requestMs, all.stallMs) };
}
