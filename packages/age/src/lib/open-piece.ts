import { AgeError } from './errors.ts';
import { PIECE_BYTES, STORED_PIECE_BYTES, TAG_BYTES } from './layout.ts';
import type { PieceCipher } from './piece-cipher.ts';

/**
 * Opens a piece, or says what is wrong with the file: whether it was cut or lengthened between two pieces, or changed.
 *
 * @param start Where the first piece begins in the file, in bytes.
 * @throws AgeError `TRUNCATED`, `TRAILING_DATA`, `PIECE_DAMAGED`
 */
export function openPiece(
  cipher: PieceCipher,
  start: number,
  piece: number,
  last: boolean,
  stored: Uint8Array,
): Buffer {
  const offset = start + piece * STORED_PIECE_BYTES;
  const end = offset + stored.length;
  if (last && (stored.length < TAG_BYTES || (stored.length === TAG_BYTES && piece > 0))) {
    throw new AgeError('TRUNCATED', `the file ends at ${end} in the middle of a piece`, { offset: end });
  }
  const plain = cipher.open(piece, last, stored);
  if (plain !== undefined) return plain;
  // Only the flag may be wrong. What this opens is not given out: it only tells one error from another.
  const otherwise = cipher.open(piece, !last, stored);
  if (otherwise !== undefined) {
    otherwise.fill(0);
    throw last
      ? new AgeError('TRUNCATED', `the file ends at ${end}, where another piece should follow`, {
          offset: end,
        })
      : new AgeError('TRAILING_DATA', `the file goes on after its last piece, which ends at ${end}`, {
          offset: end,
        });
  }
  throw new AgeError(
    'PIECE_DAMAGED',
    `piece ${piece}, at ${offset} of the file, is not what was written there (bytes ${piece * PIECE_BYTES} and on of the content)`,
    { offset },
  );
}
