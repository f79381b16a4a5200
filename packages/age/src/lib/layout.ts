/**
 * An age file, version 1 (https://c2sp.org/age):
 *
 *     header     text: `age-encryption.org/v1`, a stanza for each recipient, `--- ` and an authentication code
 *     nonce      16 random bytes, from which and the file key the payload's key is made
 *     piece 0    65,536 bytes of plaintext, encrypted, and a tag of 16
 *     piece 1    ...
 *     piece n    the last one: 1 to 65,536 bytes and the tag; 0 bytes only if it is the only one
 */
import { AgeError } from './errors.ts';

/** Bytes of plaintext in a piece. */
export const PIECE_BYTES: number = 64 * 1024;
/** Bytes of a piece's tag. */
export const TAG_BYTES = 16;
/** Bytes of a whole piece as it is stored. */
export const STORED_PIECE_BYTES: number = PIECE_BYTES + TAG_BYTES;
/** Bytes of the payload's nonce. */
export const NONCE_BYTES = 16;

/** Pieces of a plaintext of `plainSize` bytes: at least one. */
export function countPieces(plainSize: number): number {
  return Math.max(1, Math.ceil(plainSize / PIECE_BYTES));
}

/**
 * Length in bytes of the age file that holds `plainSize` bytes behind a header of `headerSize` bytes.
 *
 * Source: header, nonce, and a tag for every piece; https://c2sp.org/age, "Payload".
 */
export function encryptedSize(plainSize: number, headerSize: number): number {
  return headerSize + NONCE_BYTES + plainSize + countPieces(plainSize) * TAG_BYTES;
}

/**
 * Length in bytes of the plaintext in an age file of `fileSize` bytes with a header of `headerSize` bytes: the inverse of
 * {@link encryptedSize}. It is what the length claims; only the pieces themselves prove it.
 *
 * @throws AgeError `TRUNCATED` if no age file is so long.
 */
export function plainSize(fileSize: number, headerSize: number): number {
  const payload = fileSize - headerSize - NONCE_BYTES;
  const pieces = Math.max(1, Math.ceil(payload / STORED_PIECE_BYTES));
  const last = payload - (pieces - 1) * STORED_PIECE_BYTES;
  if (last < TAG_BYTES || (last === TAG_BYTES && pieces > 1)) {
    throw new AgeError('TRUNCATED', `no age file with this header is ${fileSize} bytes long`, {
      offset: fileSize,
    });
  }
  return payload - pieces * TAG_BYTES;
}
