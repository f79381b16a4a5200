import { constants, setPriority } from 'node:os';
import { isMainThread, workerData } from 'node:worker_threads';

/** What a thread of a pool is started with. */
export interface ThreadData {
  /** Run where others leave the processor free. */
  readonly gentle: boolean;
}

/** Whether a priority can be that of one thread. Elsewhere it would be the whole process's, which is not ours alone. */
export const HAS_THREAD_PRIORITY: boolean = process.platform === 'linux';

/** To be called by a thread of a pool at its start: gives it the priority that it was started for. */
export function setThreadPriority(): void {
  if (isMainThread || !HAS_THREAD_PRIORITY) return;
  if ((workerData as ThreadData | undefined)?.gentle !== true) return;
  try {
    // setpriority(2) without a process id: of the calling thread on Linux.
    setPriority(constants.priority.PRIORITY_LOW);
  } catch {
    // A sandbox that does not allow it: then it runs as it is.
  }
}
