import { QuackupError } from '../errors.ts';
import { acquireProcessLock } from '../process/process-lock.ts';
import { isWithoutHardLinks } from '../restore/journal.ts';

/**
 * Keeps other snapshots on this machine from giving files of theirs the names of `to` and its sidecars: one's WAL must
 * not come to lie beside the other's database. Where hard links are not known nothing is kept.
 *
 * @returns to be disposed of when all files have their names.
 * @throws TARGET_EXISTS if another one is about to.
 */
export async function claimTarget(to: string): Promise<AsyncDisposable | undefined> {
  try {
    return await acquireProcessLock(`${to}.quackup-lock`, `a snapshot to ${to}`);
  } catch (error) {
    if (isWithoutHardLinks(error)) return undefined;
    if (!(error instanceof QuackupError) || error.code !== 'LEASE_HELD') throw error;
    throw new QuackupError(
      'TARGET_EXISTS',
      `another snapshot is just being put at ${to}; nothing was written`,
      {
        cause: error,
        ...(error.hint !== undefined && { hint: error.hint }),
      },
    );
  }
}
