/**
 * A backup, from databases to targets:
 *
 *     lease on every target -> snapshots -> one archive, read once and written to all -> a manifest on each -> lease back
 *
 * A database that fails is left out and reported; a target that fails is given up and reported. The manifest is written
 * last, so whatever happens before leaves nothing that would be listed.
 */
import type { BackupOptions, BackupReport } from '../api.ts';
import { createCodec, DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { archiveKey, ENCRYPTED_EXTENSION } from '../format/backup-name.ts';
import { leaveCpu } from '../process/leave-cpu.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { openSnapshot } from '../snapshot/open-snapshot.ts';
import type { BackupRun, BackupSource } from './backup-run.ts';
import { BaseMemory } from './base-memory.ts';
import { checkNames } from './check-names.ts';
import { checkPolicy } from './check-policy.ts';
import { reportBackup } from './report-backup.ts';
import { reserveName } from './reserve-name.ts';
import { writeArchive } from './write-archive.ts';
import { writeManifests } from './write-manifests.ts';

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
  const { databases, targets, encryption, memoryDir, clock = systemClock } = options;
  if (databases.length === 0) {
    throw new QuackupError('NO_DATABASES', 'there is no database to back up', {
      hint: 'name a file (quackup backup my.duckdb) or list databases in quackup.yaml',
    });
  }
  checkNames(databases);
  checkPolicy(options);
  const codec = createCodec(options.compression ?? DEFAULT_COMPRESSION);
  const extension = `${codec.extension}${encryption === undefined ? '' : ENCRYPTED_EXTENSION}`;
  const startedMs = performance.now();
  await using reservation = await reserveName(targets, source.createdAt, { clock, signal: options.signal });
  await using scratch = await ScratchFolder.create(options.tempDir);
  await using stack = new AsyncDisposableStack();
  const run: BackupRun = {
    options,
    source,
    codec,
    archive: archiveKey(reservation.name, extension),
    reservation,
    scratch,
    onInUse: async () => {
      if (options.leaveCpu === true) stack.use(await leaveCpu());
    },
    memory: memoryDir === undefined ? undefined : new BaseMemory(memoryDir),
    failed: new Map(),
  };
  const written = await writeArchive(run);
  await writeManifests(run, written);
  return reportBackup(run, written, Math.round(performance.now() - startedMs));
}
