/** What a thread does for an archive: hashes a chunk and compresses it to a frame. */
import { hash } from 'node:crypto';

import type { Compression } from '../api.ts';
import { createCodec } from './compression.ts';
import { freeMemory } from './free-memory.ts';

/** Bytes of a SHA-256, which stands before the frame in a task's output. */
export const HASH_BYTES = 32;

export interface EncodeTask {
  readonly compression: Compression;
  /** In shared memory, so that it is not copied; it must not change before the answer. */
  readonly content: Uint8Array;
  /**
   * Where the answer goes, in shared memory: the SHA-256 of the content, then the frame. A message that is one small number
   * costs a tenth of one that holds an array, and there is one for each chunk.
   */
  readonly output: Uint8Array;
}

/** Bytes of the frame in `output`; 0 if the frame is the content itself; or the frame, if there is no room for it. */
export type EncodeAnswer = number | Uint8Array;

/** Does the task, on this thread. */
export function runEncodeTask({ compression, content, output }: EncodeTask): EncodeAnswer {
  output.set(hash('sha256', content, 'buffer'));
  if (compression.algorithm === 'none') return 0;
  const frame = createCodec(compression).encodeSync(content);
  if (frame.length > output.length - HASH_BYTES) return frame;
  output.set(frame, HASH_BYTES);
  const { length } = frame;
  freeMemory(frame);
  return length;
}
