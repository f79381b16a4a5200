/**
 * The payload's encryption, the STREAM construction: each piece by ChaCha20-Poly1305 with a nonce of 12 bytes, which says
 * the piece's place and whether it is the last:
 *
 *     | offset | size | what                                   |
 *     | 0      | 11   | number of the piece, big-endian        |
 *     | 11     | 1    | 1 for the last piece, 0 for all others |
 *
 * A piece in another's place, a file that was cut or lengthened at a border: none of them authenticates.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

import { TAG_BYTES } from './layout.ts';
import { release } from './release.ts';

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES };
const COUNTER_LOW_OFFSET = 7;
const COUNTER_HIGH_OFFSET = 3;
const LAST_OFFSET = 11;
const TWO_32 = 2 ** 32;

/**
 * The key of a payload: HKDF-SHA-256 of the file key, salted with the payload's nonce; https://c2sp.org/age, "Payload".
 *
 * @param fileKey 16 bytes, not needed afterwards.
 * @param payloadNonce 16 bytes.
 */
export function payloadKey(fileKey: Uint8Array, payloadNonce: Uint8Array): KeyObject {
  const bytes = new Uint8Array(hkdfSync('sha256', fileKey, payloadNonce, 'payload', 32));
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** Seals and opens the pieces of one file. */
export class PieceCipher {
  /** Not the bytes: with those each call takes 11 to 16 µs of which it does without 10, a third of what a piece costs. */
  readonly #key: KeyObject;
  readonly #nonce: Buffer = Buffer.alloc(12);

  /** @param key See {@link payloadKey}. */
  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Writes piece number `piece` and its tag to `out` at `at`, and returns where they end. */
  seal(piece: number, last: boolean, plain: Uint8Array, out: Uint8Array, at: number): number {
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nonceOf(piece, last), OPTIONS);
    const sealed = cipher.update(plain);
    out.set(sealed, at);
    release(sealed);
    cipher.final();
    out.set(cipher.getAuthTag(), at + plain.length);
    return at + plain.length + TAG_BYTES;
  }

  /** The plaintext of a piece that is stored as `stored`, or undefined if it is not what was written in this place. */
  open(piece: number, last: boolean, stored: Uint8Array): Buffer | undefined {
    const length = stored.length - TAG_BYTES;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#nonceOf(piece, last), OPTIONS);
    decipher.setAuthTag(stored.subarray(length));
    const plain = decipher.update(stored.subarray(0, length));
    try {
      decipher.final();
    } catch {
      // The only thing that final() does with this cipher is to compare the tag.
      plain.fill(0);
      return undefined;
    }
    return plain;
  }

  #nonceOf(piece: number, last: boolean): Buffer {
    this.#nonce.writeUInt32BE(Math.floor(piece / TWO_32), COUNTER_HIGH_OFFSET);
    this.#nonce.writeUInt32BE(piece % TWO_32, COUNTER_LOW_OFFSET);
    this.#nonce[LAST_OFFSET] = last ? 1 : 0;
    return this.#nonce;
  }
}
