import { constants, setPriority } from 'node:os';

/**
 * Lets everything else on the machine go first from now on: threads that are started later inherit it. A backup has time;
 * the application whose database it reads may not.
 */
export function lowerPriority(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed here, in a sandbox for one: then it runs as it is.
  }
}
