import { pause } from '../snapshot/pause.ts';

/** Where a client's sense of time and its dice come from, so that tests can hold them. */
export interface Pace {
  /** Milliseconds since some moment; never goes back. */
  nowMs(): number;
  /** Resolves after so many milliseconds. @throws the signal's reason if it is aborted. */
  wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
  /** At least 0, less than 1. */
  random(): number;
}

export const SYSTEM_PACE: Pace = {
  nowMs: () => performance.now(),
  wait: pause,
  random: Math.random,
};
