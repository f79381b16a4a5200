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
import { type ObjectKey, objectKey } from '@quackup/target-api';

import type { ArchiveFile } from '../archive/archive-file.ts';
import { ArchiveWriter } from '../archive/archive-writer.ts';
import { type Codec, createCodec, DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { systemClock } from '../clock.ts';
import { checkDatabaseName, checkEntryNames } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { fingerprintsOf } from '../encryption/encryption.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import { archiveKey, ENCRYPTED_EXTENSION, manifestKey } from '../format/backup-name.ts';
import { formatManifest, type ManifestContent } from '../format/manifest.ts';
import { formatMetadata } from '../format/metadata.ts';
import type { ArchiveReference, DatabaseEntry } from '../format/schema.ts';
import { formatSealedManifest } from '../format/sealed-manifest.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { openSnapshot, openSnapshotsTogether, type SnapshotOptions } from '../snapshot/open-snapshot.ts';
import { type Snapshot, SnapshotMoved } from '../snapshot/snapshot.ts';
import type { TargetClient } from '../target/target-client.ts';
import { VERSION } from '../version.ts';
import { DatabaseFailure, guarded } from './database-failure.ts';
import { BaseMemory } from './base-memory.ts';
import { checkPolicy } from './check-policy.ts';
import { type Bases, findBases, planStorage, type Storage, wholeFiles } from './plan-storage.ts';
import { reserveName, type Reservation } from './reserve-name.ts';
import type { StoredArchive } from './stored-archive.ts';
import { uploadArchive, whenAbsent } from './upload-archive.ts';

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
 * @throws PLAIN_REFUSED if a target takes only encrypted backups, and this is to be a plain one.
 * @throws CONFIG_INVALID if the recipients cannot be used together.
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
  checkPolicy(options);
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
  #fullReason: string | undefined;
  #bases: Bases | undefined;
  readonly #memory: BaseMemory | undefined;
  #stored: ReadonlyMap<string, StoredArchive> = new Map();

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
    const { memoryDir } = options;
    this.#memory = memoryDir === undefined ? undefined : new BaseMemory(memoryDir);
  }

  /** The archive's key. */
  get #archive(): ObjectKey {
    const extension = this.#options.encryption === undefined ? '' : ENCRYPTED_EXTENSION;
    return archiveKey(this.#reservation.name, `${this.#codec.extension}${extension}`);
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
      archiveName: this.#archive,
      createdAt: this.#source.createdAt,
      isEncrypted: this.#options.encryption !== undefined,
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
      this.#stored = await uploadArchive(writer, this.#reservation, {
        key: this.#archive,
        bases: storage.kind === 'incremental' && typeof this.#bases === 'object' ? this.#bases : undefined,
        encryption: this.#options.encryption,
      });
      this.#options.signal?.throwIfAborted();
      this.#reservation.checkAlive();
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
        {
          now: this.#source.createdAt,
          fullEveryMs,
          encryption: this.#options.encryption,
          memory: this.#memory,
        },
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
      this.#fullReason = why;
      onProgress?.({ type: 'message', level: 'info', text: `a full backup is made: ${why}` });
    }
    return storage;
  }

  async writeManifests(): Promise<void> {
    const { name } = this.#reservation;
    const { clock = systemClock } = this.#options;
    const finishedAt = clock.now().toISOString();
    const texts = new Map<StoredArchive, Promise<string>>();
    await Promise.all(
      this.#reservation.live().map(async (client) => {
        try {
          const stored = this.#stored.get(client.name);
          if (stored === undefined) throw new Error('the archive has not been written');
          // One may be gone: a cleanup on a machine that took this one for dead. Then there is no backup to declare.
          for (const needed of [this.#referenceTo(stored), ...stored.tail.written.references]) {
            if (client.access === 'write-only') break;
            const size = (await client.stat(objectKey(needed.name)))?.size;
            if (!hasSizeOf(needed, size)) throw archiveLost(client, needed, size);
          }
          let text = texts.get(stored);
          if (text === undefined) texts.set(stored, (text = this.#manifest(stored, finishedAt)));
          await client.putText(manifestKey(name), await text, whenAbsent(client));
          await this.#remember(client, stored);
        } catch (error) {
          this.#reservation.fail(client.name, error);
        }
      }),
    );
    this.#reservation.checkAlive();
  }

  async #manifest(stored: StoredArchive, finishedAt: string): Promise<string> {
    const { index, references } = stored.tail.written;
    const { encryption, compression = DEFAULT_COMPRESSION } = this.#options;
    const content: ManifestContent = {
      name: this.#reservation.name,
      kind: this.#kind,
      createdAt: this.#source.createdAt.toISOString(),
      finishedAt,
      tool: `quackup ${VERSION}`,
      archive: { ...this.#referenceTo(stored), compression },
      index,
      references: [...references],
      databases: [...this.#entries],
      failed: this.#failures(),
    };
    if (encryption === undefined || stored.header === undefined) return formatManifest(content);
    return formatSealedManifest(content, stored.header, encryption);
  }

  #referenceTo({ sizeBytes, sha256 }: StoredArchive): ArchiveReference {
    return { name: this.#archive, sizeBytes, sha256 };
  }

  /** What the next backup must know where it cannot read this one again. Without it that one is full, and says so. */
  async #remember(client: TargetClient, stored: StoredArchive): Promise<void> {
    const { encryption, onProgress } = this.#options;
    if (this.#memory === undefined || (encryption === undefined && client.access !== 'write-only')) return;
    const { index, written } = stored.tail;
    try {
      await this.#memory.save(client.name, {
        backup: this.#reservation.name,
        place: client.target.displayName,
        archives: [this.#referenceTo(stored), ...written.references],
        recipients: encryption === undefined ? [] : fingerprintsOf(encryption),
        algorithm: this.#codec.algorithm,
        headLength: written.index.headLength,
        headBytes: written.index.headBytes,
        frames: index,
      });
    } catch (error) {
      const text = `the backup on ${client.name} cannot be remembered, so the next one there is a full one: ${(error as Error).message}`;
      onProgress?.({ type: 'message', level: 'warning', text });
    }
  }

  report(durationMs: number): BackupReport {
    const entries = new Map(this.#entries.map((entry) => [entry.name, entry]));
    return {
      backup: this.#reservation.name,
      kind: this.#kind,
      encrypted: this.#options.encryption !== undefined,
      ...(this.#kind === 'full' && this.#fullReason !== undefined && { fullReason: this.#fullReason }),
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
      archiveBytes: Math.max(
        0,
        ...[...this.#stored.values()].map(({ sizeBytes, header }) => sizeBytes + (header?.sizeBytes ?? 0)),
      ),
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

  #failures(): ManifestContent['failed'] {
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
  needed: ArchiveReference,
  found: number | undefined,
): QuackupError {
  return new QuackupError(
    'TARGET_FAILED',
    `${needed.name} on ${client.target.displayName}, which this backup needs, ${describeSize(needed, found)} by now; the backup is not listed there`,
    { hint: 'run the backup again: it stores what is missing' },
  );
}

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
