import { type DatabaseSource, DEFAULT_WAIT_MS } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { openSnapshotsTogether, type SnapshotOptions } from '../snapshot/open-snapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { BackupRun } from './backup-run.ts';

/** A database with its open snapshot. */
export interface OpenDatabase {
  readonly source: DatabaseSource;
  readonly snapshot: Snapshot;
}

/**
 * Opens a snapshot of every database that has not been given up; one that fails is.
 *
 * @param frozen Databases that did not stay as they were while they were read in place.
 * @param stack Closes the snapshots.
 * @throws BACKUP_FAILED if no database is left; what is about the run and not about a database.
 */
export async function openDatabases(
  run: BackupRun,
  frozen: ReadonlySet<string>,
  stack: AsyncDisposableStack,
): Promise<OpenDatabase[]> {
  const { options, failed } = run;
  const wanted = options.databases.filter(({ name }) => !failed.has(name));
  const opened = options.sameMoment
    ? await openTogether(run, wanted, stack)
    : await openEach(run, wanted, frozen, stack);
  if (opened.length === 0) throw nothingToBackUp(failed);
  for (const { source, snapshot } of opened) {
    if (snapshot.method !== 'hot') continue;
    options.onProgress?.({
      type: 'message',
      level: 'info',
      text: `${source.name} is in use${snapshot.heldBy ? ` by ${snapshot.heldBy}` : ''}: a consistent copy was taken`,
    });
  }
  return opened;
}

async function openEach(
  run: BackupRun,
  sources: readonly DatabaseSource[],
  frozen: ReadonlySet<string>,
  stack: AsyncDisposableStack,
): Promise<OpenDatabase[]> {
  const { signal } = run.options;
  const opened: OpenDatabase[] = [];
  for (const source of sources) {
    signal?.throwIfAborted();
    try {
      const freeze = frozen.has(source.name);
      const snapshot = await run.source.open(source, { ...snapshotOptions(run), freeze });
      opened.push({ source, snapshot: stack.use(snapshot) });
    } catch (error) {
      if (signal?.aborted === true || !isAboutDatabase(error)) throw error;
      run.failed.set(source.name, error);
    }
  }
  return opened;
}

async function openTogether(
  run: BackupRun,
  sources: readonly DatabaseSource[],
  stack: AsyncDisposableStack,
): Promise<OpenDatabase[]> {
  const { snapshots, failed } = await openSnapshotsTogether(sources, snapshotOptions(run));
  for (const [name, error] of failed) {
    if (!isAboutDatabase(error)) throw error;
    run.failed.set(name, error);
  }
  return sources.flatMap((source) => {
    const snapshot = snapshots.get(source.name);
    return snapshot === undefined ? [] : [{ source, snapshot: stack.use(snapshot) }];
  });
}

function snapshotOptions({ options, scratch, onInUse }: BackupRun): Omit<SnapshotOptions, 'freeze'> {
  const { signal, waitMs = DEFAULT_WAIT_MS, pauseWriterMs } = options;
  return { scratch, waitMs, signal, pauseWriterMs, onInUse };
}

/** Whether an error is of one database, so that the others can go on. */
function isAboutDatabase(error: unknown): boolean {
  return !(error instanceof QuackupError && (error.code === 'INTERNAL' || error.code === 'LEASE_LOST'));
}

function nothingToBackUp(failed: ReadonlyMap<string, unknown>): QuackupError {
  const [first] = failed.values();
  const reasons = [...failed.values()].map((error) => (error as Error).message).join('; ');
  return new QuackupError('BACKUP_FAILED', `no backup was made: ${reasons}`, {
    cause: first,
    hint: (first instanceof QuackupError ? first.hint : undefined) ?? 'see the messages for each database',
  });
}
