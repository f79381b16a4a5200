import { constants, copyFile, rm, stat } from 'node:fs/promises';

import {
  DatabaseReader,
  freezeDatabase,
  type Rules,
  ScratchFolder,
  writeSnapshot,
} from '@quackup/core/internal';

export type Method = 'quackup' | 'cp-file-wal' | 'cp-wal-file';

export const METHODS: readonly Method[] = ['quackup', 'cp-file-wal', 'cp-wal-file'];

/** A copy that was taken. */
export interface Copy {
  readonly ms: number;
  readonly passes: number;
  readonly readRatio: number;
  readonly bytes: number;
}

export interface CopyOptions {
  readonly method: Method;
  readonly folder: string;
  readonly waitMs: number;
  readonly rules: Rules;
  /** Milliseconds that this thread is kept after each block. */
  readonly slowMs: number;
  readonly signal?: AbortSignal | undefined;
}

const SIDECARS = ['.wal', '.wal.checkpoint', '.wal.recovery'];

/**
 * Copies `from` to `to`. DuckDB is never opened here.
 *
 * @throws QuackupError if no copy was accepted.
 */
export async function takeCopy(from: string, to: string, options: CopyOptions): Promise<Copy> {
  const startMs = performance.now();
  if (options.method !== 'quackup') {
    await copyPlainly(from, to, options.method === 'cp-file-wal' ? ['', '.wal'] : ['.wal', '']);
    const { size } = await stat(to);
    return { ms: performance.now() - startMs, passes: 1, readRatio: 1, bytes: size };
  }
  await using scratch = await ScratchFolder.create(options.folder);
  const reader = await DatabaseReader.open(from);
  await using snapshot = await freezeDatabase(reader, {
    name: from,
    scratch,
    waitMs: options.waitMs,
    rules: options.rules,
    clone: false,
    onBytes: () => keepThread(options.slowMs),
    signal: options.signal,
  });
  const ms = performance.now() - startMs;
  await writeSnapshot(snapshot, to);
  const bytes = snapshot.files[0]?.sizeBytes ?? 1;
  return { ms, passes: snapshot.passes ?? 1, readRatio: (snapshot.bytesRead ?? bytes) / bytes, bytes };
}

/** All four files of a database that nobody writes, or of a copy. */
export const copyAtRest = (from: string, to: string): Promise<void> =>
  copyPlainly(from, to, ['', ...SIDECARS]);

async function copyPlainly(from: string, to: string, endings: readonly string[]): Promise<void> {
  for (const ending of endings) {
    // A sidecar need not be there, or may go while it is copied.
    await copyFile(from + ending, to + ending, constants.COPYFILE_FICLONE).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' || ending === '') throw error;
      },
    );
  }
}

/** A slow disk keeps a reader from looking at anything else, and leaves the processor to the writer. */
function keepThread(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Removes a copy with its sidecars. */
export async function removeCopy(to: string): Promise<void> {
  for (const ending of ['', ...SIDECARS]) await rm(to + ending, { force: true });
}
