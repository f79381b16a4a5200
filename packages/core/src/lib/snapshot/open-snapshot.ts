import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { DatabaseSource } from '../api.ts';
import { snapshotAtRest } from './at-rest.ts';
import { DatabaseReader } from './database-reader.ts';
import { freezeDatabase } from './freeze.ts';
import { freezeTogether, MemberFailure } from './freeze-together.ts';
import { checkHeldWal } from './held-wal.ts';
import { describeHolders, findLockHolders, mayHaveWriter } from './lock-holders.ts';
import type { Snapshot } from './snapshot.ts';

export interface SnapshotOptions {
  readonly scratch: ScratchFolder;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Freeze it even if nobody seems to write it: reading it in place has just failed. */
  readonly freeze: boolean;
  /** A frozen copy is to become a file of its own ({@link Snapshot.moveTo}). Default: false. */
  readonly isKept?: boolean | undefined;
  /** Stop the writer for at most this many milliseconds at a time, if passes fail without. */
  readonly pauseWriterMs?: number | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Called before a database is frozen: it is in use, or seems to be. */
  readonly onInUse?: (() => Promise<void>) | undefined;
}

/**
 * Opens a snapshot of a database: read in place if nobody writes it, from a frozen copy otherwise.
 *
 * @throws QuackupError as {@link DatabaseReader}, {@link checkHeldWal} and {@link freezeDatabase} say.
 */
export async function openSnapshot(
  { name, path }: DatabaseSource,
  options: SnapshotOptions,
): Promise<Snapshot> {
  const reader = await DatabaseReader.open(path);
  try {
    const holders = await findLockHolders(path);
    const isWalHere = await checkHeldWal(path);
    // Where holders cannot be known, reading in place is tried first: it is confirmed or given up, never believed.
    const writing = holders !== 'unknown' && mayHaveWriter(holders);
    if (options.freeze || writing) {
      await options.onInUse?.();
      // What is frozen after a clone turned out to be none must not be cloned again.
      const frozen = await freezeDatabase(reader, { name, ...options, clone: !options.freeze });
      return holders === 'unknown' ? frozen : { ...frozen, heldBy: describeHolders(holders) };
    }
    return await snapshotAtRest(reader, { name, holders, isWalHere, scratch: options.scratch });
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** Snapshots of several databases, and the errors of those that cannot be had. */
export interface OpenedTogether {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  readonly failed: ReadonlyMap<string, unknown>;
}

/**
 * Opens snapshots that are all of one moment, by name. A database that cannot be copied is left out; the others are then
 * of one moment without it.
 */
export async function openSnapshotsTogether(
  sources: readonly DatabaseSource[],
  options: Omit<SnapshotOptions, 'freeze'>,
): Promise<OpenedTogether> {
  const failed = new Map<string, unknown>();
  for (;;) {
    const databases: { name: string; reader: DatabaseReader }[] = [];
    for (const { name, path } of sources) {
      if (failed.has(name)) continue;
      try {
        await checkHeldWal(path);
        databases.push({ name, reader: await DatabaseReader.open(path) });
      } catch (error) {
        failed.set(name, error);
      }
    }
    try {
      await options.onInUse?.();
      const snapshots = await freezeTogether(databases, options);
      return {
        snapshots: new Map(snapshots.map((each, place) => [databases[place]?.name ?? '', each])),
        failed,
      };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof MemberFailure) failed.set(error.database, error.cause);
      // All of them together: none can be blamed alone.
      else for (const { name } of databases) failed.set(name, error);
    }
    if (failed.size === sources.length) return { snapshots: new Map(), failed };
  }
}
