import type { Clock } from './api.ts';

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() };
