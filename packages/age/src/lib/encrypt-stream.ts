import { randomBytes } from 'node:crypto';

import { FILE_KEY_BYTES, wrapFileKey } from './file-key.ts';
import { encryptedSize, NONCE_BYTES, PIECE_BYTES, STORED_PIECE_BYTES } from './layout.ts';
import { payloadKey, PieceCipher } from './piece-cipher.ts';
import { PieceSplitter } from './piece-splitter.ts';
import type { Recipient } from './recipient.ts';

/** What makes bytes of bytes, in order and with bounded memory. The source is closed when the result is. */
export type ByteTransform = (
  source: AsyncIterable<Uint8Array>,
) => AsyncGenerator<Uint8Array, void, undefined>;

/** Pieces that are given out at once: what is behind a stream should not have to deal with 16 bytes at a time. */
const PIECES_AT_ONCE = 16;

/** One file that is about to be encrypted: its header exists. */
export interface Encryption {
  /** The header as it will be written: what {@link rekeyHeader} takes. */
  readonly header: Uint8Array;
  /** Length in bytes of the encrypted file for a plaintext of `plainSize` bytes. */
  readonly encryptedSize: (plainSize: number) => number;
  /**
   * Encrypts the file's content. Gives buffers of up to about 1 MiB, each with memory of its own.
   *
   * @throws Error on a second call: two contents under one key would give both away.
   */
  readonly encrypt: ByteTransform;
}

/**
 * Makes a new file's key and header.
 *
 * @throws AgeError `RECIPIENT_INVALID`, `HEADER_TOO_LARGE`
 */
export async function prepareEncryption(recipients: readonly Recipient[]): Promise<Encryption> {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const header = await wrapFileKey(fileKey, recipients);
  let cipher: PieceCipher | undefined = new PieceCipher(payloadKey(fileKey, nonce));
  fileKey.fill(0);
  return {
    header,
    encryptedSize: (plainSize) => encryptedSize(plainSize, header.length),
    encrypt(source) {
      if (cipher === undefined) throw new Error('an encryption is good for one file only');
      const only = cipher;
      cipher = undefined;
      return encryptPieces(Buffer.concat([header, nonce]), only, source);
    },
  };
}

/**
 * Encrypts a stream into an age file. Every call of what it returns makes a file with a key of its own.
 *
 * @throws AgeError `RECIPIENT_INVALID`, `HEADER_TOO_LARGE` when the first bytes are read.
 */
export function encryptStream(recipients: readonly Recipient[]): ByteTransform {
  return async function* encrypt(source) {
    const encryption = await prepareEncryption(recipients);
    yield* encryption.encrypt(source);
  };
}

async function* encryptPieces(
  start: Uint8Array,
  cipher: PieceCipher,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield start;
  const splitter = new PieceSplitter(PIECE_BYTES);
  let page = Buffer.allocUnsafeSlow(PIECES_AT_ONCE * STORED_PIECE_BYTES);
  let used = 0;
  let piece = 0;
  for await (const bytes of source) {
    for (const plain of splitter.push(bytes)) {
      used = cipher.seal(piece, false, plain, page, used);
      piece += 1;
      if (used < page.length) continue;
      yield page;
      page = Buffer.allocUnsafeSlow(PIECES_AT_ONCE * STORED_PIECE_BYTES);
      used = 0;
    }
  }
  used = cipher.seal(piece, true, splitter.last(), page, used);
  yield page.subarray(0, used);
}
