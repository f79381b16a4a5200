import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

import {
  DatabaseReader,
  freezeDatabase,
  type Rules,
  ScratchFolder,
  writeSnapshot,
} from '@quackup/core/internal';

export type Method = 'quackup' | 'cp-file-wal' | 'cp-wal-file';

/** A copy that was taken. */
export interface Copy {
  readonly ms: number;
  readonly passes: number;
  /** Bytes of blocks read, over the length of the database; 1 for plain copies. */
  readonly readRatio: number;
}

export interface CopyOptions {
  readonly method: Method;
  readonly folder: string;
  readonly waitMs: number;
  readonly rules: Rules;
  /** Busy milliseconds for each block. Default: 0. */
  readonly slowMs?: number;
  /** Told of each block that was copied; the copy stands still until it returns. */
  readonly onBlock?: () => void;
}

/**
 * Copies `from` to `to`.
 *
 * @throws QuackupError if no copy was accepted.
 */
export async function takeCopy(from: string, to: string, options: CopyOptions): Promise<Copy> {
  const startMs = performance.now();
  const { slowMs = 0, onBlock } = options;
  if (options.method !== 'quackup') {
    await copyPlainly(from, to, options.method, slowMs);
    return { ms: performance.now() - startMs, passes: 1, readRatio: 1 };
  }
  await using scratch = await ScratchFolder.create(options.folder);
  const reader = await DatabaseReader.open(from);
  await using snapshot = await freezeDatabase(reader, {
    name: from,
    scratch,
    waitMs: options.waitMs,
    rules: options.rules,
    clone: false,
    onBytes: () => {
      busy(slowMs);
      onBlock?.();
    },
  });
  const ms = performance.now() - startMs;
  await writeSnapshot(snapshot, to);
  const size = snapshot.files[0]?.sizeBytes ?? 1;
  return { ms, passes: snapshot.passes ?? 1, readRatio: (snapshot.bytesRead ?? size) / size };
}

/** As `cp` does it: from the first byte to the last, at the speed of the same source. */
async function copyPlainly(
  from: string,
  to: string,
  method: Exclude<Method, 'quackup'>,
  slowMs: number,
): Promise<void> {
  const fileFirst = method === 'cp-file-wal';
  if (!fileFirst) await copyOne(`${from}.wal`, `${to}.wal`, slowMs);
  await copyOne(from, to, slowMs);
  if (fileFirst) await copyOne(`${from}.wal`, `${to}.wal`, slowMs);
}

const PIECE_BYTES = 262_144;

/** Copies a file, if it is there. */
async function copyOne(from: string, to: string, slowMs: number): Promise<void> {
  try {
    const source = createReadStream(from, { highWaterMark: PIECE_BYTES });
    await pipeline(
      source,
      async function* slowly(pieces: AsyncIterable<Buffer>) {
        for await (const piece of pieces) {
          busy(slowMs);
          yield piece;
        }
      },
      createWriteStream(to),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** A slow disk keeps the reader, and leaves the processor to the writer; here it is the reader's own thread that is kept. */
function busy(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Removes a copy with its sidecars. */
export async function removeCopy(to: string): Promise<void> {
  for (const ending of ['', '.wal', '.wal.checkpoint', '.wal.recovery'])
    await rm(`${to}${ending}`, { force: true });
}
