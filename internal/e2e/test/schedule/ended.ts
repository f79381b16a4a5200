import type { ChildProcess } from 'node:child_process';

/** Waits for the end of a process, also of one that has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
  });
}
