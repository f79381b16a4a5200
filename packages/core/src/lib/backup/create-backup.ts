/**
 * A backup, from databases to targets:
 *
 *     lease on every target -> snapshots -> one archive, read once and written to all -> a manifest on each -> lease back
 *
 * A database that fails is left out and reported; a target that fails is given up and reported. The manifest is written
 * last, so whatever happens before leaves nothing that would be listed.
 */
import {
  type BackupKind,
  type BackupOptions,
  type BackupReport,
  type DatabaseReport,
  type DatabaseSource,
  DEFAULT_FULL_EVERY_MS,
  DEFAULT_WAIT_MS,
  type TargetReport,
} from '../api.ts';
import { objectKey } from '@quackup/target-api';

import type { ArchiveFile } from '../archive/archive-file.ts';
import { ArchiveWriter, type WrittenArchive } from '../archive/archive-writer.ts';
import { type Codec, createCodec, DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { systemClock } from '../clock.ts';
import { checkDatabaseName, checkEntryNames } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { archiveKey, manifestKey } from '../format/backup-name.ts';
import { formatManifest, type Manifest } from '../format/manifest.ts';
import { formatMetadata } from '../format/metadata.ts';
import type { DatabaseEntry } from '../format/schema.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { openSnapshot, openSnapshotsTogether, type SnapshotOptions } from '../snapshot/open-snapshot.ts';
import { type Snapshot, SnapshotMoved } from '../snapshot/snapshot.ts';
import { broadcast } from '../target/broadcast.ts';
import type { TargetClient } from '../target/target-client.ts';
import { VERSION } from '../version.ts';
import { DatabaseFailure, guarded } from './database-failure.ts';
import { type Bases, findBases, planStorage, type Storage, wholeFiles } from './plan-storage.ts';
import { reserveName, type Reservation } from './reserve-name.ts';

/** The archive's bytes; remembers whether it was they that failed. */
interface WatchedSource extends AsyncIterable<Uint8Array> {
  failure?: { readonly error: unknown };
}

function watched(source: AsyncIterable<Uint8Array>): WatchedSource {
  const result: WatchedSource = {
    async *[Symbol.asyncIterator]() {
      try {
        yield* source;
      } catch (error) {
        result.failure = { error };
        throw error;
      }
    },
  };
  return result;
}

/** A database with its open snapshot. */
interface Opened {
  readonly source: DatabaseSource;
  readonly snapshot: Snapshot;
}

/** Where the state that is stored comes from. */
export interface BackupSource {
  /** When the backup counts as begun; its name tells it. It builds on no backup of later. */
  readonly createdAt: Date;
  readonly open: (source: DatabaseSource, options: SnapshotOptions) => Promise<Snapshot>;
}

/**
 * Makes one backup of the databases on the targets: an incremental one where each target has a last backup that can be
 * built upon, else a full one. Every backup restores by itself: it is complete with the archives that it names.
 *
 * @returns what was done, with the databases and targets that failed.
 * @throws NO_DATABASES if none is given.
 * @throws NAME_CONFLICT if two have the same name.
 * @throws BACKUP_FAILED if no database could be backed up.
 * @throws TARGET_FAILED if no target could be written.
 * @throws LEASE_HELD if a cleanup is running on every target.
 */
export async function createBackup(options: BackupOptions): Promise<BackupReport> {
  const { clock = systemClock } = options;
  return storeBackup(options, { createdAt: clock.now(), open: openSnapshot });
}

/** As {@link createBackup}, of a state that may be of another time and place. */
export async function storeBackup(options: BackupOptions, source: BackupSource): Promise<BackupReport> {
  const { databases, targets, clock = systemClock } = options;
  if (databases.length === 0) {
    throw new QuackupError('NO_DATABASES', 'there is no database to back up', {
      hint: 'name a file (quackup backup my.duckdb) or list databases in quackup.yaml',
    });
  }
  checkNames(databases);
  const codec = createCodec(options.compression ?? DEFAULT_COMPRESSION);
  const startedMs = performance.now();
  await using reservation = await reserveName(targets, source.createdAt, { clock, signal: options.signal });
  await using scratch = await ScratchFolder.create(options.tempDir);
  const run = new BackupRun(options, codec, source, reservation, scratch);
  await run.writeArchive();
  await run.writeManifests();
  return run.report(Math.round(performance.now() - startedMs));
}

class BackupRun {
  readonly #options: BackupOptions;
  readonly #codec: Codec;
  readonly #source: BackupSource;
  readonly #reservation: Reservation;
  readonly #scratch: ScratchFolder;
  readonly #failed = new Map<string, unknown>();
  #entries: readonly DatabaseEntry[] = [];
  /** By database. */
  #reusedBytes: ReadonlyMap<string, number> = new Map();
  #kind: BackupKind = 'full';
  #bases: Bases | undefined;
  readonly #written = new Map<string, WrittenArchive>();

  constructor(
    options: BackupOptions,
    codec: Codec,
    source: BackupSource,
    reservation: Reservation,
    scratch: ScratchFolder,
  ) {
    this.#options = options;
    this.#codec = codec;
    this.#source = source;
    this.#reservation = reservation;
    this.#scratch = scratch;
  }

  /** Writes the archive to every target that works, beginning again whenever a database turns out not to be as expected. */
  async writeArchive(): Promise<void> {
    const frozen = new Set<string>();
    for (;;) {
      await using stack = new AsyncDisposableStack();
      const opened = await this.#openSnapshots(frozen, stack);
      try {
        await this.#store(opened);
        return;
      } catch (error) {
        if (error instanceof SnapshotMoved) frozen.add(error.database);
        else if (error instanceof DatabaseFailure) this.#failed.set(error.database, error.cause);
        else throw error;
        this.#options.onProgress?.({
          type: 'message',
          level: 'info',
          text: `${(error as Error).message}; starting again`,
        });
      }
    }
  }

  async #openSnapshots(frozen: ReadonlySet<string>, stack: AsyncDisposableStack): Promise<Opened[]> {
    const wanted = this.#options.databases.filter(({ name }) => !this.#failed.has(name));
    const opened = this.#options.sameMoment
      ? await this.#openTogether(wanted, stack)
      : await this.#openEach(wanted, frozen, stack);
    if (opened.length === 0) throw this.#nothingToBackUp();
    for (const { source, snapshot } of opened) {
      if (snapshot.method !== 'hot') continue;
      this.#options.onProgress?.({
        type: 'message',
        level: 'info',
        text: `${source.name} is in use${snapshot.heldBy ? ` by ${snapshot.heldBy}` : ''}: a consistent copy was taken`,
      });
    }
    return opened;
  }

  async #openEach(
    sources: readonly DatabaseSource[],
    frozen: ReadonlySet<string>,
    stack: AsyncDisposableStack,
  ): Promise<Opened[]> {
    const opened: Opened[] = [];
    for (const source of sources) {
      const { signal } = this.#options;
      signal?.throwIfAborted();
      try {
        const snapshot = await this.#source.open(source, {
          ...this.#snapshotOptions(),
          freeze: frozen.has(source.name),
        });
        opened.push({ source, snapshot: stack.use(snapshot) });
      } catch (error) {
        if (signal?.aborted === true || !isAboutDatabase(error)) throw error;
        this.#failed.set(source.name, error);
      }
    }
    return opened;
  }

  async #openTogether(sources: readonly DatabaseSource[], stack: AsyncDisposableStack): Promise<Opened[]> {
    const { snapshots, failed } = await openSnapshotsTogether(sources, this.#snapshotOptions());
    for (const [name, error] of failed) {
      if (!isAboutDatabase(error)) throw error;
      this.#failed.set(name, error);
    }
    return sources.flatMap((source) => {
      const snapshot = snapshots.get(source.name);
      return snapshot === undefined ? [] : [{ source, snapshot: stack.use(snapshot) }];
    });
  }

  #snapshotOptions(): Omit<SnapshotOptions, 'freeze'> {
    const { signal, waitMs = DEFAULT_WAIT_MS, pauseWriterMs } = this.#options;
    return { scratch: this.#scratch, waitMs, signal, pauseWriterMs };
  }

  async #store(opened: readonly Opened[]): Promise<void> {
    const { onProgress } = this.#options;
    const task = 'archive';
    const guardedDatabases = opened.map(({ source, snapshot }) => guarded(source.name, snapshot));
    const storage = await this.#planStorage(guardedDatabases.flatMap(({ files }) => files));
    this.#kind = storage.kind;
    this.#reusedBytes = reusedBytes(storage);
    const sizes = [...storage.files.values()].map(
      ({ selection, sizeBytes }) => selection?.storedBytes ?? sizeBytes,
    );
    onProgress?.({
      type: 'task-start',
      task,
      label: storage.kind === 'full' ? 'backing up' : 'storing what changed',
      totalBytes: sizes.reduce((sum, size) => sum + size, 0),
    });
    const writer = new ArchiveWriter({
      name: this.#reservation.name,
      createdAt: this.#source.createdAt,
      codec: this.#codec,
      compression: this.#options.compression ?? DEFAULT_COMPRESSION,
      metadata: formatMetadata({
        name: this.#reservation.name,
        kind: storage.kind,
        createdAt: this.#source.createdAt,
        databases: opened.map(({ source, snapshot }) => ({
          name: source.name,
          path: source.path,
          sizeBytes: snapshot.files[0]?.sizeBytes ?? 0,
        })),
      }),
      databases: guardedDatabases.map((database) => ({
        files: database.files.map((file) => storage.files.get(file) ?? file),
        confirm: () => database.confirm(),
      })),
      describe: (stored) => {
        this.#entries = opened.map(({ source, snapshot }) => databaseEntry(source, snapshot, stored));
        return { kind: storage.kind, databases: [...this.#entries], failed: this.#failures() };
      },
      onChunk: (_database, bytes) => onProgress?.({ type: 'task-advance', task, bytes }),
    });
    try {
      await this.#upload(writer);
    } finally {
      onProgress?.({ type: 'task-end', task });
    }
  }

  async #planStorage(files: readonly ArchiveFile[]): Promise<Storage> {
    const { full = false, fullEveryMs = DEFAULT_FULL_EVERY_MS, onProgress } = this.#options;
    if (full) return wholeFiles(files);
    // Once: what is on the targets does not change when the archive is begun again.
    if (this.#bases === undefined) {
      this.#bases = await findBases(
        this.#reservation.live(),
        { now: this.#source.createdAt, fullEveryMs },
        (target, error) => this.#reservation.fail(target, error),
      );
      this.#reservation.checkAlive();
    }
    const storage =
      typeof this.#bases === 'string'
        ? wholeFiles(files)
        : await planStorage(files, [...this.#bases.values()], onProgress);
    if (storage.kind === 'full') {
      const why =
        typeof this.#bases === 'string' ? this.#bases : 'less than half is as it was in the last backup';
      onProgress?.({ type: 'message', level: 'info', text: `a full backup is made: ${why}` });
    }
    return storage;
  }

  /** One reading of the databases, written to every live target; each gets the index that fits what it has. */
  async #upload(writer: ArchiveWriter): Promise<void> {
    const clients = this.#reservation.live();
    const source = watched(writer.body());
    const branches = broadcast(source, clients.length);
    const key = archiveKey(this.#reservation.name, this.#codec.extension);
    await Promise.all(
      clients.map(async (client, place) => {
        try {
          const body = branches[place];
          if (body === undefined) throw new Error(`no branch ${place}`);
          await client.put(key, this.#withTail(body, writer, client.name), whenAbsent(client));
        } catch (error) {
          // What failed at the source is no fault of the target's.
          if (source.failure === undefined) this.#reservation.fail(client.name, error);
        }
      }),
    );
    this.#options.signal?.throwIfAborted();
    if (source.failure !== undefined) throw source.failure.error;
    this.#reservation.checkAlive();
  }

  async *#withTail(
    body: AsyncIterable<Uint8Array>,
    writer: ArchiveWriter,
    target: string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield* body;
    const bases = this.#kind === 'incremental' && typeof this.#bases === 'object' ? this.#bases : undefined;
    const { bytes, written } = await writer.tail(bases?.get(target));
    yield* bytes;
    this.#written.set(target, written);
  }

  async writeManifests(): Promise<void> {
    const { name } = this.#reservation;
    const { clock = systemClock } = this.#options;
    const archive = archiveKey(name, this.#codec.extension);
    const finishedAt = clock.now().toISOString();
    await Promise.all(
      this.#reservation.live().map(async (client) => {
        try {
          const written = this.#written.get(client.name);
          if (written === undefined) throw new Error('the archive has not been written');
          const { sizeBytes, references } = written;
          // One may be gone: a cleanup on a machine that took this one for dead. Then there is no backup to declare.
          for (const needed of [{ name: archive, sizeBytes }, ...references]) {
            const stored = await client.stat(objectKey(needed.name));
            if (stored?.size !== needed.sizeBytes) throw archiveLost(client, needed, stored?.size);
          }
          const text = this.#manifest(written, archive, finishedAt);
          await client.putText(manifestKey(name), text, whenAbsent(client));
        } catch (error) {
          this.#reservation.fail(client.name, error);
        }
      }),
    );
    this.#reservation.checkAlive();
  }

  #manifest(
    { sizeBytes, sha256, index, references }: WrittenArchive,
    archive: string,
    finishedAt: string,
  ): string {
    return formatManifest({
      name: this.#reservation.name,
      kind: this.#kind,
      createdAt: this.#source.createdAt.toISOString(),
      finishedAt,
      tool: `quackup ${VERSION}`,
      archive: {
        name: archive,
        sizeBytes,
        sha256,
        compression: this.#options.compression ?? DEFAULT_COMPRESSION,
      },
      index,
      references: [...references],
      databases: [...this.#entries],
      failed: this.#failures(),
    });
  }

  report(durationMs: number): BackupReport {
    const entries = new Map(this.#entries.map((entry) => [entry.name, entry]));
    return {
      backup: this.#reservation.name,
      kind: this.#kind,
      createdAt: this.#source.createdAt.toISOString(),
      databases: this.#options.databases.map((source) =>
        this.#databaseReport(source, entries.get(source.name)),
      ),
      targets: this.#options.targets.map(({ name }): TargetReport => {
        const error = this.#reservation.failed.get(name);
        return error === undefined
          ? { name, status: 'ok' }
          : { name, status: 'failed', error: failureReport(error) };
      }),
      archiveBytes: Math.max(0, ...[...this.#written.values()].map(({ sizeBytes }) => sizeBytes)),
      durationMs,
    };
  }

  #databaseReport({ name, path }: DatabaseSource, entry: DatabaseEntry | undefined): DatabaseReport {
    if (entry === undefined)
      return { name, path, status: 'failed', error: failureReport(this.#failed.get(name)) };
    const { method, sizeBytes, storedBytes, takenAt, warnings } = entry;
    return {
      name,
      path,
      status: 'ok',
      method,
      sizeBytes,
      storedBytes,
      reusedBytes: this.#reusedBytes.get(name) ?? 0,
      takenAt,
      ...(warnings ? { warnings } : {}),
    };
  }

  #failures(): Manifest['failed'] {
    return this.#options.databases
      .filter(({ name }) => this.#failed.has(name))
      .map(({ name, path }) => {
        const { code, message } = failureReport(this.#failed.get(name));
        return { name, path, code, message };
      });
  }

  #nothingToBackUp(): QuackupError {
    const [first] = this.#failed.values();
    const reasons = [...this.#failed.values()].map((error) => (error as Error).message).join('; ');
    return new QuackupError('BACKUP_FAILED', `no backup was made: ${reasons}`, {
      cause: first,
      hint: (first instanceof QuackupError ? first.hint : undefined) ?? 'see the messages for each database',
    });
  }
}

function checkNames(databases: readonly DatabaseSource[]): void {
  for (const { name, path } of databases) {
    const wrong = checkDatabaseName(name);
    if (wrong !== undefined) {
      throw new QuackupError('NAME_CONFLICT', `the name ${JSON.stringify(name)} of ${path} ${wrong}`, {
        hint: 'give it another with name:',
      });
    }
  }
  const [conflict] = checkEntryNames(databases.map(({ name }) => name));
  if (conflict === undefined) return;
  throw new QuackupError(
    'NAME_CONFLICT',
    `${conflict.name} cannot be stored under its name: ${conflict.with ?? 'the archive itself'} has ${conflict.entry} already`,
    { hint: 'give one of the databases another name with name: in quackup.yaml' },
  );
}

function archiveLost(
  client: TargetClient,
  { name, sizeBytes }: { readonly name: string; readonly sizeBytes: number },
  found?: number,
): QuackupError {
  const what = found === undefined ? 'is gone' : `has ${found} bytes instead of ${sizeBytes}`;
  return new QuackupError(
    'TARGET_FAILED',
    `${name} on ${client.target.displayName}, which this backup needs, ${what} by now; the backup is not listed there`,
    { hint: 'run the backup again: it stores what is missing' },
  );
}

const whenAbsent = (client: TargetClient): { condition?: { type: 'if-absent' } } =>
  client.target.capabilities.putIfAbsent ? { condition: { type: 'if-absent' } } : {};

/** Whether an error is of one database, so that the others can go on. */
function isAboutDatabase(error: unknown): boolean {
  return !(error instanceof QuackupError && (error.code === 'INTERNAL' || error.code === 'LEASE_LOST'));
}

function reusedBytes({ files }: Storage): ReadonlyMap<string, number> {
  return new Map(
    [...files.values()].flatMap(({ role, database, selection, chunkBytes }) =>
      role === 'database' ? [[database, (selection?.reusedCount ?? 0) * chunkBytes] as const] : [],
    ),
  );
}

function restoredSize(snapshot: Snapshot): number {
  return snapshot.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function databaseEntry(
  { name, path }: DatabaseSource,
  snapshot: Snapshot,
  stored: ReadonlyMap<string, number>,
): DatabaseEntry {
  return {
    name,
    path,
    method: snapshot.method,
    takenAt: snapshot.takenAt.toISOString(),
    sizeBytes: restoredSize(snapshot),
    storedBytes: stored.get(name) ?? 0,
    ...snapshot.facts,
  };
}
