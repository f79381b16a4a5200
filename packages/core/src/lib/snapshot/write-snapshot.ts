import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type ArchiveFile, isAnyInUse } from '../archive/archive-file.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { claimTarget } from './claim-target.ts';
import { fileState, filePath, SIDECAR_ROLES } from './database-files.ts';
import { giveNames, inTheWay, type Nameless } from './give-names.ts';
import { PacedFile } from './paced-file.ts';
import { writeFully } from './read-fully.ts';
import type { Snapshot } from './snapshot.ts';

/** @throws TARGET_EXISTS if anything has the name of one of the files that a copy at `to` may consist of. */
export async function checkNothingInTheWay(to: string): Promise<void> {
  for (const role of ['database', ...SIDECAR_ROLES] as const) {
    const path = filePath(to, role);
    if ((await fileState(path)) !== undefined) throw inTheWay(path);
  }
}

/**
 * Writes a snapshot as files: `to`, and its sidecars beside it. They get their names when all of them are whole and
 * synced, `to` last, so `to` exists exactly when the copy is complete. Until then they are in a scratch folder beside it:
 * of several runs each has its own, and what a killed one leaves goes with the next.
 *
 * @throws TARGET_EXISTS as {@link checkNothingInTheWay}, also if another snapshot is there first.
 * @throws NO_SPACE if there can be no folder beside `to`.
 * @throws SnapshotMoved if the snapshot turns out to be none; nothing is left.
 */
export async function writeSnapshot(snapshot: Snapshot, to: string): Promise<void> {
  await checkNothingInTheWay(to);
  // Who writes the database waits for the same disk, whichever of the files it is. At rest nobody does, as far as can be known.
  const isPaced = isAnyInUse(snapshot.files);
  await using scratch = await ScratchFolder.create(dirname(to));
  const written: Nameless[] = [];
  for (const file of snapshot.files) {
    const path = scratch.newPath();
    written.push({ file: path, path: filePath(to, file.role) });
    if (file.role === 'database' && (await snapshot.moveTo?.(path)) === true) continue;
    await writeFile(file, path, isPaced);
  }
  await snapshot.confirm();
  await using _claim = await claimTarget(to);
  await checkNothingInTheWay(to);
  await giveNames(written.toReversed());
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
