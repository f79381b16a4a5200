import { createReadStream } from 'node:fs';
import { stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { checkDatabaseName } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { startOfBackupName } from '../format/backup-name.ts';
import {
  type ArchiveBytes,
  type OpenQuantFile,
  type OpenQuantMetadata,
  readOpenQuantFiles,
  readOpenQuantMetadata,
} from '../openquant/openquant-archive.ts';
import { writeDatabase } from '../openquant/restore-openquant.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { originalPath } from '../restore/destinations.ts';
import { filePath } from '../snapshot/database-files.ts';
import { checkRoom } from './check-room.ts';
import type {
  OpenedImport,
  PlannedDatabase,
  UnpackedDatabase,
  UnpackOptions,
  UnpackResult,
} from './opened-import.ts';

/** An archive anywhere in the file system; its "key" is its path. */
const FILES: ArchiveBytes<string> = { read: (path) => createReadStream(path) };

const NO_WAL = 'OpenQuant copied no WAL: what had not been checkpointed when it ran is not in the archive';

/**
 * An archive of OpenQuant as an import.
 *
 * @throws BACKUP_DAMAGED, ARCHIVE_HOSTILE as reading it does.
 * @throws IMPORT_REFUSED if it is one of Quackup's own.
 */
export async function openOpenQuant(
  path: string,
  { baseDir, time }: { readonly baseDir: string; readonly time?: Date | undefined },
): Promise<OpenedImport> {
  const metadata = await readOpenQuantMetadata(FILES, path);
  if (metadata === undefined) {
    throw new QuackupError('BACKUP_DAMAGED', `${path} has no backup_metadata.json`, {
      hint: 'unpack it with tar, and import the databases in it as plain copies',
    });
  }
  if (metadata.quackup !== undefined) {
    throw new QuackupError('IMPORT_REFUSED', `${path} is an archive of Quackup itself`, {
      hint: 'copy it to the target with all that belongs to it (quackup copy), or list it again with quackup repair',
    });
  }
  if (metadata.databases.length === 0)
    throw new QuackupError('BACKUP_DAMAGED', `${path} holds no database`, { hint: 'use another backup' });
  const notes: string[] = [NO_WAL];
  const databases = metadata.databases.map((entry) => planned(path, entry, baseDir, notes));
  return {
    kind: 'openquant',
    source: path,
    createdAt: time ?? (await timeOf(path, metadata)),
    databases,
    files: [{ name: 'archive', path }],
    notes,
    unpack: (scratch, options) => unpack(path, databases, scratch, options),
  };
}

function planned(
  archive: string,
  { name, original_path: original, size_bytes: sizeBytes }: OpenQuantMetadata['databases'][number],
  baseDir: string,
  notes: string[],
): PlannedDatabase {
  const wrong = checkDatabaseName(name);
  if (wrong !== undefined) {
    throw new QuackupError(
      'ARCHIVE_HOSTILE',
      `${archive} names a database ${JSON.stringify(name)}, which ${wrong}; nothing of it was used`,
    );
  }
  try {
    return { name, sizeBytes, path: originalPath(name, original, baseDir) };
  } catch (error) {
    if (!(error instanceof QuackupError) || error.code !== 'RESTORE_FAILED') throw error;
    const path = join(baseDir, name);
    notes.push(
      `${name} came from ${JSON.stringify(original)}, which is no place here: it restores to ${path}`,
    );
    return { name, sizeBytes, path };
  }
}

/** What the archive says; where that is no time, what its name says, and at last what the file system says. */
async function timeOf(path: string, { timestamp }: OpenQuantMetadata): Promise<Date> {
  const told = new Date(timestamp);
  if (!Number.isNaN(told.getTime())) return told;
  return startOfBackupName(basename(path).replace(/\..*$/, '')) ?? (await stat(path)).mtime;
}

/** All of them in one reading, to the archive's end: the checksum of all comes last. */
async function unpack(
  archive: string,
  databases: readonly PlannedDatabase[],
  scratch: ScratchFolder,
  { signal, onBytes, modifiedAt }: UnpackOptions,
): Promise<UnpackResult> {
  await checkRoom(
    scratch.path,
    databases.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0),
    archive,
  );
  const unpacked = new Map<string, UnpackedDatabase>();
  await readOpenQuantFiles(FILES, archive, async (file) => {
    signal?.throwIfAborted();
    const database = databases.find(({ name }) => name === file.name);
    if (database === undefined) return undefined;
    const path = scratch.newPath();
    unpacked.set(database.name, await write(file, database, { path, modifiedAt, onBytes }));
    return undefined;
  });
  for (const { name } of databases) {
    if (unpacked.has(name)) continue;
    const message = `${archive} lacks ${name}, which its metadata name`;
    unpacked.set(name, { error: new QuackupError('BACKUP_DAMAGED', message) });
  }
  return { databases: unpacked, notes: [] };
}

/** What is wrong with one database does not stop the others; what is wrong with the archive does. */
async function write(
  file: OpenQuantFile,
  { sizeBytes = 0 }: PlannedDatabase,
  { path, modifiedAt, onBytes }: { readonly path: string } & Pick<UnpackOptions, 'modifiedAt' | 'onBytes'>,
): Promise<UnpackedDatabase> {
  try {
    await writeDatabase(file, sizeBytes, { pathOf: (role) => filePath(path, role), onBytes });
  } catch (error) {
    if (error instanceof QuackupError) return { error };
    throw error;
  }
  await utimes(path, modifiedAt, modifiedAt);
  return { path };
}
