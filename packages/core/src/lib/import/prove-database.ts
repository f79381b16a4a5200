/** Before a foreign database is stored: every rule by which it can be told from a damaged one, then DuckDB itself. */
import { constants, copyFile, rm } from 'node:fs/promises';

import type { ScannedDatabase } from '../api.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import { damagedBlock } from '../snapshot/at-rest.ts';
import { FILE_ROLES, filePath } from '../snapshot/database-files.ts';
import { DatabaseReader } from '../snapshot/database-reader.ts';
import { filesOnDisk } from '../snapshot/files-on-disk.ts';
import { openPass, type OpenPass } from '../snapshot/pass.ts';
import { isUnreadable, walFitsHead } from '../snapshot/rules.ts';
import { blockIds } from '../snapshot/snapshot-files.ts';
import { scanDatabase } from '../verify/scan-database.ts';
import { checkRoom } from './check-room.ts';

const READ_AHEAD = 8;

export interface Proof {
  readonly scanned: ScannedDatabase;
  readonly notes: readonly string[];
}

interface ProofOptions {
  readonly name: string;
  readonly scratch: ScratchFolder;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the four files of a database, and that DuckDB opens and reads a copy of them in a child process.
 *
 * @returns what DuckDB read.
 * @throws NOT_A_DATABASE, DATABASE_DAMAGED if the files are wrong: head, free list, blocks in use, WAL.
 * @throws IMPORT_REFUSED if they cannot be checked: encrypted, or newer than this engine.
 * @throws BACKUP_DAMAGED if DuckDB cannot read it.
 */
export async function proveDatabase(path: string, options: ProofOptions): Promise<Proof> {
  const notes = await checkFiles(path, options);
  const { paths, state } = await filesOnDisk(path);
  const sizeBytes = FILE_ROLES.reduce((sum, role) => sum + Number(state[role]?.size ?? 0n), 0);
  await checkRoom(options.scratch.path, sizeBytes, options.name);
  const copy = options.scratch.newPath();
  try {
    for (const role of FILE_ROLES) {
      if (state[role] === undefined) continue;
      await copyFile(paths[role], filePath(copy, role), constants.COPYFILE_FICLONE);
    }
    const { name, signal } = options;
    return { scanned: await scanDatabase(copy, { name, signal }), notes };
  } finally {
    for (const role of FILE_ROLES) await rm(filePath(copy, role), { force: true });
  }
}

async function checkFiles(path: string, options: ProofOptions): Promise<string[]> {
  const { head, wal, state } = await readCopy(path, options).catch((error: unknown) => {
    throw asOfCopy(error);
  });
  if (wal.commits > 0 && !walFitsHead(wal, head)) {
    throw damagedWal(path, 'belongs to another state of the database: the two were not copied together');
  }
  if (isUnreadable(wal)) throw damagedWal(path, `cannot be read (${wal.state})`);
  const lost = wal.length - wal.commitEnd;
  return [
    ...(wal.state === 'torn-tail'
      ? [`its WAL ends within a commit: the last ${lost} bytes of it are left out, as DuckDB would`]
      : []),
    ...(state['wal.checkpoint'] !== undefined || state['wal.recovery'] !== undefined
      ? ['it was copied in the middle of a checkpoint; DuckDB finished it in a scratch copy']
      : []),
  ];
}

/** Reads its head, its free list and every block in use. */
async function readCopy(path: string, { scratch }: ProofOptions): Promise<OpenPass['start']> {
  await using reader = await DatabaseReader.open(path);
  await using pass = await openPass(reader, scratch);
  const { main, layout } = pass.start.head;
  if (layout.kind === 'opaque') {
    const why =
      layout.reason === 'encrypted'
        ? 'it is encrypted: nothing in it can be checked'
        : `its storage version ${main.storageVersion} is newer than the DuckDB here`;
    throw new QuackupError('IMPORT_REFUSED', `${path} is not imported: ${why}`, {
      hint: 'put it where its database was, and back it up from there while nothing has it open: quackup backup',
    });
  }
  const { blocks } = pass;
  const used = [...blockIds(blocks.count)].filter((id) => blocks.isUsed(id));
  const checked = orderedMap(used, READ_AHEAD, async (id) => {
    if (!(await reader.readBlock(id, blocks, Buffer.allocUnsafe(blocks.blockSize))))
      throw damagedBlock(path, id);
  });
  for await (const _ of checked);
  return pass.start;
}

/** What helps a database that is in use, to restore it, does not help a copy of one. */
function asOfCopy(error: unknown): unknown {
  if (!(error instanceof QuackupError) || !OF_THE_FILE.has(error.code)) return error;
  const { code, message, cause } = error;
  return new QuackupError(code, `${message}; it was not imported`, {
    cause,
    hint: 'look for another copy of it, best one that was made while the database was not in use',
  });
}

const OF_THE_FILE: ReadonlySet<string> = new Set(['NOT_A_DATABASE', 'DATABASE_DAMAGED']);

function damagedWal(path: string, what: string): QuackupError {
  return new QuackupError('DATABASE_DAMAGED', `${filePath(path, 'wal')} ${what}`, {
    hint: 'look for the WAL that was copied with it; without one the last commits are missing',
  });
}
