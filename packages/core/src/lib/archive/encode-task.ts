/** What a thread does for an archive: hashes a chunk and compresses it to a frame. */
import { hash } from 'node:crypto';

import type { Compression } from '../api.ts';
import { createCodec } from './compression.ts';

export interface EncodeTask {
  readonly compression: Compression;
  /** In shared memory it is not copied; it must not change before the answer. */
  readonly content: Uint8Array;
}

export interface EncodeAnswer {
  /** SHA-256 of the content. */
  readonly hash: Uint8Array;
  /** The frame; undefined if it is the content itself. */
  readonly frame: Uint8Array | undefined;
}

/** Does the task, on this thread. */
export function runEncodeTask({ compression, content }: EncodeTask): EncodeAnswer {
  return {
    hash: new Uint8Array(hash('sha256', content, 'buffer')),
    frame: compression.algorithm === 'none' ? undefined : createCodec(compression).encodeSync(content),
  };
}
