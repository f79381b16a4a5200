/** What a thread does for an archive: hashes a chunk and compresses it to a frame. */
import { hash } from 'node:crypto';

import type { Compression } from '../api.ts';
import { createCodec } from './compression.ts';
import { freeMemory } from './free-memory.ts';

export interface EncodeTask {
  readonly compression: Compression;
  /** In shared memory, so that it is not copied; it must not change before the answer. */
  readonly content: Uint8Array;
  /** Where the frame goes, in shared memory: a message with a small number costs much less than one with a frame. */
  readonly output: Uint8Array;
}

export interface EncodeAnswer {
  /** SHA-256 of the content. */
  readonly hash: Uint8Array;
  /** Bytes of the frame in `output`; 0 if the frame is the content itself; or the frame, if there is no room for it. */
  readonly frame: number | Uint8Array;
}

/** Does the task, on this thread. */
export function runEncodeTask({ compression, content, output }: EncodeTask): EncodeAnswer {
  const digest = new Uint8Array(hash('sha256', content, 'buffer'));
  if (compression.algorithm === 'none') return { hash: digest, frame: 0 };
  const frame = createCodec(compression).encodeSync(content);
  if (frame.length > output.length) return { hash: digest, frame };
  output.set(frame);
  const { length } = frame;
  freeMemory(frame);
  return { hash: digest, frame: length };
}
