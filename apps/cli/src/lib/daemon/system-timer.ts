import { setTimeout as wait } from 'node:timers/promises';

import type { Timer } from '@quackup/schedule';

/** Real time. */
export function systemTimer(now: () => Date): Timer {
  return {
    now,
    wait: async (ms, signal) => {
      try {
        await wait(ms, undefined, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
