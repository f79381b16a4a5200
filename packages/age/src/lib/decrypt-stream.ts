import type { ByteTransform } from './encrypt-stream.ts';
import { AgeError } from './errors.ts';
import { unwrapFileKey } from './file-key.ts';
import { failUnfinishedHeader, type Header, parseHeader } from './header.ts';
import type { Identity } from './identity.ts';
import { NONCE_BYTES, STORED_PIECE_BYTES } from './layout.ts';
import { openPiece } from './open-piece.ts';
import { payloadKey, PieceCipher } from './piece-cipher.ts';
import { PieceSplitter } from './piece-splitter.ts';

/**
 * Decrypts a whole age file. Gives the content piece by piece, each authenticated and in its place; that nothing is
 * missing at the end is known only when it ends without an error.
 *
 * @throws AgeError `NOT_AGE`, `HEADER_INVALID`, `HEADER_DAMAGED`, `HEADER_TOO_LARGE`, `WRONG_KEY` before the first byte
 * @throws AgeError `TRUNCATED`, `TRAILING_DATA`, `PIECE_DAMAGED` instead of the piece that it is about
 */
export function decryptStream(identities: readonly Identity[]): ByteTransform {
  return async function* decrypt(source) {
    const splitter = new PieceSplitter(STORED_PIECE_BYTES);
    let opened: { readonly cipher: PieceCipher; readonly start: number } | undefined;
    let head: Buffer = Buffer.alloc(0);
    let header: Header | undefined;
    let piece = 0;
    for await (const bytes of source) {
      let payload = bytes;
      if (opened === undefined) {
        // Headers are short: what is joined here again and again stays within their greatest length.
        head = Buffer.concat([head, bytes]);
        header ??= parseHeader(head);
        if (header === undefined || head.length < header.size + NONCE_BYTES) continue;
        opened = await openPayload(header, head, identities);
        payload = head.subarray(opened.start);
        head = Buffer.alloc(0);
      }
      for (const stored of splitter.push(payload)) {
        const plain = openPiece(opened.cipher, opened.start, piece, false, stored);
        piece += 1;
        yield plain;
      }
    }
    if (opened === undefined) {
      if (header === undefined) failUnfinishedHeader(head.length);
      throw new AgeError('TRUNCATED', 'the file ends behind its header', { offset: head.length });
    }
    yield openPiece(opened.cipher, opened.start, piece, true, splitter.last());
  };
}

async function openPayload(
  header: Header,
  head: Uint8Array,
  identities: readonly Identity[],
): Promise<{ readonly cipher: PieceCipher; readonly start: number }> {
  const fileKey = await unwrapFileKey(header, identities);
  const start = header.size + NONCE_BYTES;
  const cipher = new PieceCipher(payloadKey(fileKey, head.subarray(header.size, start)));
  fileKey.fill(0);
  return { cipher, start };
}
