import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { DatabaseSource } from '../api.ts';
import { snapshotAtRest } from './at-rest.ts';
import { DatabaseReader } from './database-reader.ts';
import { freezeDatabase } from './freeze.ts';
import { describeHolders, findLockHolders, mayHaveWriter } from './lock-holders.ts';
import type { Snapshot } from './snapshot.ts';

export interface SnapshotOptions {
  readonly scratch: ScratchFolder;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Freeze it even if nobody seems to write it: reading it in place has just failed. */
  readonly freeze: boolean;
  /** Stop the writer for at most this many milliseconds at a time, if passes fail without. */
  readonly pauseWriterMs?: number | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Opens a snapshot of a database: read in place if nobody writes it, from a frozen copy otherwise.
 *
 * @throws QuackupError as {@link DatabaseReader} and {@link freezeDatabase} say.
 */
export async function openSnapshot(
  { name, path }: DatabaseSource,
  options: SnapshotOptions,
): Promise<Snapshot> {
  const reader = await DatabaseReader.open(path);
  try {
    const holders = await findLockHolders(path);
    // Where holders cannot be known, reading in place is tried first: it is confirmed or given up, never believed.
    const writing = holders !== 'unknown' && mayHaveWriter(holders);
    if (options.freeze || writing) {
      // What is frozen after a clone turned out to be none must not be cloned again.
      const frozen = await freezeDatabase(reader, { name, ...options, clone: !options.freeze });
      return holders === 'unknown' ? frozen : { ...frozen, heldBy: describeHolders(holders) };
    }
    return await snapshotAtRest(reader, { name, holders, scratch: options.scratch });
  } catch (error) {
    await reader.close();
    throw error;
  }
}
