import type { KeyObject } from 'node:crypto';

import { PIECE_BYTES, STORED_PIECE_BYTES } from './layout.ts';
import { openPiece } from './open-piece.ts';
import { PieceCipher } from './piece-cipher.ts';
import { release } from './release.ts';

/** A range of a file's content as it is stored, with all that it takes to open it, on another thread too. */
export interface SealedRange {
  /** The pieces that hold the range, whole and one after another. */
  readonly stored: Uint8Array;
  readonly key: KeyObject;
  /** Where the file's first piece begins in it. */
  readonly start: number;
  /** Number of the first piece in `stored`. */
  readonly firstPiece: number;
  /** Whether the last piece in `stored` must be the file's last. */
  readonly endsFile: boolean;
  /** Where the range begins in the content of `stored`, and its length, in bytes. */
  readonly from: number;
  readonly length: number;
}

/**
 * Opens a range in its own memory: `stored` is overwritten, and what is returned is a view of it. Not a byte is given out
 * unless all of its pieces are authentic.
 *
 * @throws AgeError `PIECE_DAMAGED`, `TRUNCATED`, `TRAILING_DATA`
 */
export function openSealed({ stored, key, start, firstPiece, endsFile, from, length }: SealedRange): Buffer {
  const cipher = new PieceCipher(key);
  const pieces = Math.ceil(stored.length / STORED_PIECE_BYTES);
  for (let piece = 0; piece < pieces; piece += 1) {
    const at = piece * STORED_PIECE_BYTES;
    const isLast = endsFile && piece === pieces - 1;
    const sealed = stored.subarray(at, at + STORED_PIECE_BYTES);
    const plain = openPiece(cipher, start, firstPiece + piece, isLast, sealed);
    // A piece of content is shorter than it is stored, so this never reaches the next one.
    stored.set(plain, piece * PIECE_BYTES);
    release(plain);
  }
  return Buffer.from(stored.buffer, stored.byteOffset + from, length);
}
