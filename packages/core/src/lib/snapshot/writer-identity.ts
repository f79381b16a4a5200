import { processStart } from '../process/process-identity.ts';
import { findLockHolders } from './lock-holders.ts';

/**
 * Who has a database open for writing, as a text that is another one when it is somebody else: process ids with their
 * starts. Empty if nobody has, or none that can be seen from here, as in another container.
 */
export async function identifyWriters(path: string): Promise<string> {
  const holders = await findLockHolders(path).catch(() => 'unknown' as const);
  if (holders === 'unknown') return 'unknown';
  const writers: string[] = [];
  for (const { pid, mode } of holders) {
    if (mode === 'write') writers.push(`${pid} since ${await processStart(pid)}`);
  }
  return writers.toSorted().join(', ');
}
