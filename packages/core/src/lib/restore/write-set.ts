import { open, rm, statfs } from 'node:fs/promises';

import { parseHead } from '@quackup/duckdb-file';

import { type ArchiveIndex, chunkRange } from '../archive/index-file.ts';
import { QuackupError } from '../errors.ts';
import type { FileRole } from '../format/schema.ts';
import { nearestFolder } from '../process/nearest-folder.ts';
import { readChunk } from '../read/read-chunks.ts';
import { writeChunks } from '../read/write-chunks.ts';
import type { ArchiveReader } from '../read/archive-reader.ts';
import { setMode } from './keep-owner.ts';

/** The files of one database of a backup, by number in the index. */
export function filesOfDatabase(
  index: ArchiveIndex,
  database: string,
): { readonly file: number; readonly role: FileRole }[] {
  return index.head.files.flatMap((entry, file) =>
    entry.database === database ? [{ file, role: entry.role }] : [],
  );
}

/** Bytes that the files of a database take on disk: holes take none. */
export function bytesOnDisk(index: ArchiveIndex, database: string): number {
  let bytes = 0;
  for (const { file } of filesOfDatabase(index, database)) {
    const table = index.tables[file];
    const entry = index.head.files[file];
    if (table === undefined || entry === undefined) continue;
    for (let chunk = 0; chunk < table.count; chunk += 1) {
      if (table.location(chunk) !== undefined) bytes += chunkRange(entry, chunk).length;
    }
  }
  return bytes;
}

/**
 * @param purpose What is written there: what helps differs.
 * @throws NO_SPACE if the folder has fewer bytes free, or, if it is not there yet, the one that it will be made in.
 */
export async function checkFreeSpace(
  folder: string,
  bytes: number,
  purpose: 'restore' | 'scan' = 'restore',
): Promise<void> {
  const { bavail, bsize } = await statfs(await nearestFolder(folder));
  if (bavail * bsize >= bytes) return;
  throw new QuackupError(
    'NO_SPACE',
    `the ${purpose} takes ${bytes} bytes, but ${folder} has ${bavail * bsize} free; nothing was touched`,
    {
      hint:
        purpose === 'scan'
          ? 'make room, or name a folder on another disk with backup.tempDir in quackup.yaml; --level blocks needs none'
          : 'make room, or restore elsewhere with --restore-dir',
    },
  );
}

/**
 * Writes the files of one database, each chunk checked against the hash that the backup recorded, and syncs them. Free
 * blocks become holes.
 *
 * @param pathOf Where each file goes; what is there is replaced.
 * @param mode Permission bits.
 * @param onBytes Told of the bytes written.
 * @throws BACKUP_DAMAGED if anything is not what was backed up.
 */
export async function writeSet(
  archives: ArchiveReader,
  index: ArchiveIndex,
  database: string,
  {
    pathOf,
    mode,
    onBytes,
  }: {
    readonly pathOf: (role: FileRole) => string;
    readonly mode: number;
    readonly onBytes?: ((bytes: number) => void) | undefined;
  },
): Promise<FileRole[]> {
  const roles: FileRole[] = [];
  for (const { file, role } of filesOfDatabase(index, database)) {
    const entry = index.head.files[file];
    if (entry === undefined) continue;
    if (role === 'database') await checkHead(archives, index, file, database);
    const path = pathOf(role);
    await rm(path, { force: true });
    const handle = await open(path, 'wx', mode | 0o600);
    try {
      await setMode(handle, mode);
      await handle.truncate(entry.sizeBytes);
      await writeChunks(archives, index, file, handle, onBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    roles.push(role);
  }
  return roles;
}

/** A file that does not begin as a DuckDB database is not written at all. */
async function checkHead(
  archives: ArchiveReader,
  index: ArchiveIndex,
  file: number,
  database: string,
): Promise<void> {
  const head = await readChunk(archives, index, file, 0);
  try {
    parseHead(head ?? new Uint8Array(0));
  } catch (error) {
    throw new QuackupError(
      'ARCHIVE_HOSTILE',
      `what the backup holds as ${database} is not a DuckDB database`,
      { cause: error },
    );
  }
}
