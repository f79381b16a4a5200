import { setTimeout as wait } from 'node:timers/promises';

/** Waits between two looks at a file that somebody else is writing. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, signal === undefined ? undefined : { signal }).catch(
    (error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    },
  );
}
