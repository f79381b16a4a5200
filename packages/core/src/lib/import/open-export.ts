/**
 * A folder that EXPORT DATABASE wrote: schema.sql, load.sql, and a data file for each table. Its SQL is somebody else's, so
 * it runs in a child process whose DuckDB reaches nothing but a copy of the folder; see import-export-child.ts.
 */
import { constants, copyFile, lstat, mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';

import { QuackupError } from '../errors.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { checkRoom } from './check-room.ts';
import { checkName } from './open-copy.ts';
import type { OpenedImport, PlannedDatabase, UnpackOptions, UnpackResult } from './opened-import.ts';
import { runExportImport } from './run-export-import.ts';

interface ExportFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

const NOTES = [
  'an export is not the database file: comments on tables and columns are not in it, and nothing of it was checked but that DuckDB loads it',
] as const;

/**
 * @throws IMPORT_REFUSED if it holds anything but files.
 */
export async function openExport(
  folder: string,
  { time, database }: { readonly time?: Date | undefined; readonly database: PlannedDatabase },
): Promise<OpenedImport> {
  checkName(database.name, folder);
  const files = await filesOf(folder);
  const newestMs = Math.max(...files.map(({ modifiedAt }) => modifiedAt.getTime()));
  return {
    kind: 'export',
    source: folder,
    createdAt: time ?? new Date(newestMs),
    databases: [database],
    files: files.map(({ name }) => ({ name, path: join(folder, name) })),
    notes: NOTES,
    unpack: (scratch, options) => unpack(folder, files, database, scratch, options),
  };
}

async function filesOf(folder: string): Promise<ExportFile[]> {
  const files: ExportFile[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    const stats = await lstat(join(folder, name));
    if (!stats.isFile()) {
      throw new QuackupError(
        'IMPORT_REFUSED',
        `${join(folder, name)} is not a file: EXPORT DATABASE writes nothing else`,
        { hint: 'take it out of the folder if you know what it is' },
      );
    }
    files.push({ name, sizeBytes: stats.size, modifiedAt: stats.mtime });
  }
  return files;
}

async function unpack(
  folder: string,
  files: readonly ExportFile[],
  { name }: PlannedDatabase,
  scratch: ScratchFolder,
  { signal, modifiedAt, onBytes }: UnpackOptions,
): Promise<UnpackResult> {
  const exportBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  await checkRoom(scratch.path, 2 * exportBytes, folder);
  // A copy: SQL that may read a folder may write to it too.
  const copied = scratch.newPath();
  await mkdir(copied);
  for (const file of files) {
    signal?.throwIfAborted();
    await copyFile(
      join(folder, file.name),
      join(copied, file.name),
      constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE,
    );
    onBytes?.(file.sizeBytes);
  }
  const path = scratch.newPath();
  const { intervalColumns } = await runExportImport(copied, path, { folder, signal });
  await utimes(path, modifiedAt, modifiedAt);
  const parquet = files.some((file) => file.name.endsWith('.parquet'));
  return {
    databases: new Map([[name, { path }]]),
    notes:
      parquet && intervalColumns.length > 0
        ? [
            `the INTERVALs in ${intervalColumns.join(', ')} have milliseconds at most: Parquet keeps no more, what was finer is lost`,
          ]
        : [],
  };
}
