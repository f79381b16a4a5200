import { copyFile, rm } from 'node:fs/promises';

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
  /** Busy milliseconds for each block. */
  readonly slowMs: number;
}

/**
 * Copies `from` to `to`.
 *
 * @throws QuackupError if no copy was accepted.
 */
export async function takeCopy(from: string, to: string, options: CopyOptions): Promise<Copy> {
  const startMs = performance.now();
  if (options.method !== 'quackup') {
    await copyPlainly(from, to, options.method === 'cp-file-wal');
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
    onBytes: () => busy(options.slowMs),
  });
  const ms = performance.now() - startMs;
  await writeSnapshot(snapshot, to);
  const size = snapshot.files[0]?.sizeBytes ?? 1;
  return { ms, passes: snapshot.passes ?? 1, readRatio: (snapshot.bytesRead ?? size) / size };
}

async function copyPlainly(from: string, to: string, fileFirst: boolean): Promise<void> {
  const wal = async (): Promise<void> => {
    await copyFile(`${from}.wal`, `${to}.wal`).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  };
  if (!fileFirst) await wal();
  await copyFile(from, to);
  if (fileFirst) await wal();
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
