/** What a worker does for a restore: opens a range that is encrypted, decodes the frames in it, checks each chunk, and writes it to its place. */
import { hash } from 'node:crypto';
import { writeSync } from 'node:fs';

import type { Compression } from '../api.ts';
import { createCodec } from '../archive/compression.ts';
import { freeMemory } from '../archive/free-memory.ts';
import { openStored, type SealFailure, type StoredRange } from './stored-range.ts';

export interface DecodeTask extends StoredRange {
  readonly algorithm: Compression['algorithm'];
  /** Open for writing. File descriptors are of the process, so a worker may use it. */
  readonly fd: number;
  readonly frames: readonly TaskFrame[];
}

export interface TaskFrame {
  readonly chunk: number;
  /** Where the frame begins in the content of the range, and its length. */
  readonly at: number;
  readonly length: number;
  /** Bytes that it decodes to. */
  readonly chunkBytes: number;
  readonly sha256: Uint8Array;
  /** Where the chunk goes in the file. */
  readonly position: number;
}

export type DecodeAnswer =
  | { readonly ok: true; readonly bytes: number }
  /** A chunk that is not what was backed up. */
  | { readonly ok: false; readonly chunk: number; readonly message: string }
  /** An encrypted range that is not what was written. */
  | { readonly ok: false; readonly seal: SealFailure }
  /** The file could not be written. */
  | { readonly ok: false; readonly errno: { readonly code: string | undefined; readonly message: string } };

/** Does the task, on this thread. Never throws: errors do not travel between threads as they are. */
export function runDecodeTask({ algorithm, fd, frames, ...range }: DecodeTask): DecodeAnswer {
  const codec = createCodec({ algorithm });
  const content = openStored(range);
  if ('code' in content) return { ok: false, seal: content };
  let written = 0;
  for (const { chunk, at, length, chunkBytes, sha256, position } of frames) {
    let bytes: Uint8Array;
    try {
      bytes = codec.decodeSync(content.subarray(at, at + length), chunkBytes);
    } catch (error) {
      return { ok: false, chunk, message: (error as Error).message };
    }
    if (!hash('sha256', bytes, 'buffer').equals(sha256)) {
      return { ok: false, chunk, message: 'its SHA-256 is another' };
    }
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { ok: false, errno: { code, message } };
    }
    written += bytes.length;
    if (algorithm !== 'none') freeMemory(bytes);
  }
  freeMemory(range.stored);
  return { ok: true, bytes: written };
}
