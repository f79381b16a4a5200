/** A database that is in use becomes a frozen copy: cloned where the file system can, copied pass after pass otherwise. */
import { QuackupError } from '../errors.ts';
import type { ScratchFolder } from '../process/scratch-folder.ts';
import type { DatabaseReader } from './database-reader.ts';
import { Freezer } from './freezer.ts';
import { cloneDatabase } from './frozen-clone.ts';
import { FrozenCopy } from './frozen-copy.ts';
import type { OpenPass } from './pass.ts';
import type { Rules } from './rules.ts';
import type { Snapshot } from './snapshot.ts';
import { soleHolder, WriterPause } from './writer-pause.ts';

export interface FreezeOptions {
  readonly name: string;
  readonly scratch: ScratchFolder;
  /** Milliseconds after which it is given up. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes copied. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly rules?: Rules | undefined;
  /** The copy is to become a file of its own ({@link Snapshot.moveTo}): it goes to the disk while it is written. Default: false. */
  readonly isKept?: boolean | undefined;
  /** Clone the file instead of copying it, where the file system can. Default: true. */
  readonly clone?: boolean | undefined;
  /** Stop the writer for at most this many milliseconds at a time, if passes fail without. Default: never. */
  readonly pauseWriterMs?: number | undefined;
}

/** The writer is stopped only when passes have failed without: from this one on. */
const PASSES_BEFORE_PAUSE = 4;

/**
 * Takes over `reader`, which the snapshot closes.
 *
 * @throws DATABASE_NOT_AT_REST if no copy could be accepted in time.
 * @throws DATABASE_DAMAGED if a block in use never passes its checksum.
 * @throws DATABASE_REPLACED if another file takes the database's place.
 * @throws WAL_IN_DOUBT if its WAL cannot be told, or lies where it is not looked for.
 * @throws NO_SPACE if the copy does not fit.
 */
export async function freezeDatabase(reader: DatabaseReader, options: FreezeOptions): Promise<Snapshot> {
  if (options.clone !== false) {
    const cloned = await cloneDatabase(reader, options).catch((error: unknown) => {
      throw explainNoSpace(error, reader.path);
    });
    if (cloned !== undefined) return cloned;
  }
  const copy = await FrozenCopy.create(options.scratch.newPath(), options.isKept);
  try {
    const freezer = new Freezer(reader, copy, options);
    return await freezer.toSnapshot(await acceptedPass(reader, freezer, options));
  } catch (error) {
    await copy[Symbol.asyncDispose]();
    await reader.close();
    throw explainNoSpace(error, reader.path);
  }
}

async function acceptedPass(
  reader: DatabaseReader,
  freezer: Freezer,
  { pauseWriterMs }: FreezeOptions,
): Promise<OpenPass> {
  await using pausing = new AsyncDisposableStack();
  let writer: WriterPause | undefined;
  for (let number = 1; ; number += 1) {
    if (number === PASSES_BEFORE_PAUSE && pauseWriterMs !== undefined) {
      const pid = await soleHolder(reader.path);
      writer = pid === undefined ? undefined : await WriterPause.prepare(pid, pauseWriterMs);
      if (writer !== undefined) pausing.use(writer);
    }
    await writer?.stop();
    const pass = await freezer.open();
    let accepted = false;
    try {
      accepted = (await freezer.finish(pass, writer)) === 'accepted';
      if (accepted) return pass;
    } finally {
      if (!accepted) await pass[Symbol.asyncDispose]();
    }
    freezer.checkTime();
  }
}

/** What is said of a copy that does not fit where it is made. */
export function explainNoSpace(error: unknown, path: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new QuackupError('NO_SPACE', `the frozen copy of ${path} does not fit: ${message}`, {
    cause: error,
    hint: 'set backup.tempDir in quackup.yaml to a folder with more room',
  });
}
