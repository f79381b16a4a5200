import { QuackupError } from '../errors.ts';
import { describeHolders, findLockHolders } from '../snapshot/lock-holders.ts';

/**
 * @param file The database's file, under whichever name it has now.
 * @throws DATABASE_IN_USE if a process is known to have it open; says so of `path`.
 */
export async function refuseHeld(path: string, file: string = path): Promise<void> {
  const holders = await findLockHolders(file);
  if (holders === 'unknown' || holders.length === 0) return;
  throw new QuackupError(
    'DATABASE_IN_USE',
    `${path} is open in ${describeHolders(holders)}; nothing was restored over it`,
    {
      hint: 'stop that process, or restore elsewhere with --restore-dir',
    },
  );
}
