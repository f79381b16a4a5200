import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type ArchiveFile, isAnyInUse } from '../archive/archive-file.ts';
import { QuackupError } from '../errors.ts';
import { syncFolder } from '../restore/sync-folder.ts';
import { fileState, filePath, SIDECAR_ROLES } from './database-files.ts';
import { PacedFile } from './paced-file.ts';
import { writeFully } from './read-fully.ts';
import type { Snapshot } from './snapshot.ts';

const PARTIAL = '.quackup-partial';

/** @throws TARGET_EXISTS if anything has the name of one of the files that a copy at `to` may consist of. */
export async function checkNothingInTheWay(to: string): Promise<void> {
  for (const role of ['database', ...SIDECAR_ROLES] as const) {
    const path = filePath(to, role);
    if ((await fileState(path)) === undefined) continue;
    throw new QuackupError('TARGET_EXISTS', `${path} is there already; nothing was written`, {
      hint: 'name a file that does not exist yet',
    });
  }
}

/**
 * Writes a snapshot as files: `to`, and its sidecars beside it. They get their names when all of them are whole and
 * synced, `to` last, so `to` exists exactly when the copy is complete.
 *
 * @throws TARGET_EXISTS as {@link checkNothingInTheWay}.
 * @throws SnapshotMoved if the snapshot turns out to be none; nothing is left.
 */
export async function writeSnapshot(snapshot: Snapshot, to: string): Promise<void> {
  await checkNothingInTheWay(to);
  // Who writes the database waits for the same disk, whichever of the files it is. At rest nobody does, as far as can be known.
  const isPaced = isAnyInUse(snapshot.files);
  const paths = snapshot.files.map(({ role }) => filePath(to, role)).toReversed();
  try {
    for (const file of snapshot.files) {
      const partial = filePath(to, file.role) + PARTIAL;
      await rm(partial, { force: true });
      if (file.role === 'database' && (await snapshot.moveTo?.(partial)) === true) continue;
      await writeFile(file, partial, isPaced);
    }
    await snapshot.confirm();
    for (const path of paths) await rename(path + PARTIAL, path);
    await syncFolder(dirname(to));
  } catch (error) {
    for (const path of paths) await rm(path + PARTIAL, { force: true });
    throw error;
  }
}

async function writeFile(file: ArchiveFile, path: string, isPaced: boolean): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  const paced = isPaced ? PacedFile.cached(handle) : undefined;
  try {
    let position = 0;
    for await (const chunk of file.chunks()) {
      if (chunk.bytes !== undefined) {
        await (paced?.write(chunk.bytes, position) ?? writeFully(handle, chunk.bytes, position));
        await paced?.settled();
      }
      position += position < file.headBytes ? file.headBytes : file.chunkBytes;
      chunk.release?.();
    }
    await handle.truncate(file.sizeBytes);
    await handle.sync();
  } finally {
    await paced?.[Symbol.asyncDispose]();
    await handle.close();
  }
}
