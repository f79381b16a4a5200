import type { Clock } from '../api.ts';
import { QuackupError } from '../errors.ts';
import type { TargetClient } from '../target/target-client.ts';
import { acquireCopyLease, type Lease, NO_LEASE } from './lease.ts';

/** How long a target that does not answer delays a reading that goes on without a lease. */
const PUT_STALL_MS = 10_000;

/**
 * Keeps cleanups away while a backup is read from a target. Where a lease cannot be put, as on a disk that can only be read,
 * there is none: reading needs no right to write.
 *
 * @throws LEASE_HELD if a cleanup is running.
 */
export async function acquireReadLease(client: TargetClient, name: string, clock: Clock): Promise<Lease> {
  try {
    return await acquireCopyLease(client.under(client.signal, PUT_STALL_MS), name, clock);
  } catch (error) {
    if (error instanceof QuackupError && error.code === 'LEASE_HELD') throw error;
    return NO_LEASE;
  }
}
