/** Reads any range of an encrypted file's content: of the file only the pieces are read that hold it. */
import type { KeyObject } from 'node:crypto';

import { unwrapFileKey } from './file-key.ts';
import type { Identity } from './identity.ts';
import { countPieces, NONCE_BYTES, PIECE_BYTES, plainSize, STORED_PIECE_BYTES } from './layout.ts';
import { openPiece } from './open-piece.ts';
import { payloadKey, PieceCipher } from './piece-cipher.ts';
import { type EncryptedSource, readExactly, readStart } from './read-header.ts';
import { openSealed, type SealedRange } from './sealed-range.ts';

/** Pieces that {@link EncryptedFile.stream} reads at once: 4 MiB. */
const PIECES_AT_ONCE = 64;

/** An open encrypted file. It holds nothing that would have to be closed. */
export class EncryptedFile {
  /** Length of the content in bytes: proven, since the last piece is where it should be. */
  readonly size: number;
  readonly #source: EncryptedSource;
  readonly #key: KeyObject;
  /** Where the first piece begins in the file. */
  readonly #start: number;
  readonly #lastPiece: number;
  /** Content of the last piece, which was read to open the file; indexes and ends of files are often asked for next. */
  readonly #end: Buffer;

  /** See {@link openEncrypted}. */
  constructor(source: EncryptedSource, key: KeyObject, start: number, size: number, end: Buffer) {
    this.#source = source;
    this.#key = key;
    this.#start = start;
    this.size = size;
    this.#lastPiece = countPieces(size) - 1;
    this.#end = end;
  }

  /**
   * The `length` bytes of content from `offset` on, in memory of their own, which may be larger by the rest of their pieces.
   * Pieces that lie beside each other are read from the source in one call; not a byte is given out unless all of them are
   * authentic.
   *
   * @throws RangeError if the range does not lie within the content.
   * @throws AgeError `PIECE_DAMAGED`, `TRUNCATED`, `TRAILING_DATA`; what the source throws, as it is.
   */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#check(offset, length);
    if (length === 0) return Buffer.alloc(0);
    const endAt = this.#lastPiece * PIECE_BYTES;
    // The last piece is here already.
    if (offset >= endAt) return Buffer.from(this.#end.subarray(offset - endAt, offset - endAt + length));
    return openSealed(await this.readSealed(offset, length));
  }

  /**
   * As {@link read}, but leaves the opening, which takes longer than the reading, to {@link openSealed}, on whichever thread.
   *
   * @throws RangeError, `TRUNCATED`, and what the source throws, as {@link read}.
   */
  async readSealed(offset: number, length: number): Promise<SealedRange> {
    this.#check(offset, length);
    const first = Math.min(this.#lastPiece, Math.floor(offset / PIECE_BYTES));
    const last = Math.max(first, Math.ceil((offset + length) / PIECE_BYTES) - 1);
    const begin = this.#start + first * STORED_PIECE_BYTES;
    const end = Math.min(this.#source.size, this.#start + (last + 1) * STORED_PIECE_BYTES);
    return {
      stored: await readExactly(this.#source, begin, end - begin),
      key: this.#key,
      start: this.#start,
      firstPiece: first,
      endsFile: last === this.#lastPiece,
      from: offset - first * PIECE_BYTES,
      length,
    };
  }

  /**
   * The same range as a stream of buffers of up to 4 MiB, for ranges that do not fit into memory. Each is authentic when it
   * is given out.
   *
   * @throws RangeError, AgeError as {@link read}
   */
  async *stream(offset = 0, length: number = this.size - offset): AsyncGenerator<Buffer, void, undefined> {
    const end = offset + length;
    let at = offset;
    do {
      // Up to a border of pieces, so that none is read twice.
      const border = (Math.floor(at / PIECE_BYTES) + PIECES_AT_ONCE) * PIECE_BYTES;
      const bytes = await this.read(at, Math.min(end, border) - at);
      at += bytes.length;
      if (bytes.length > 0) yield bytes;
    } while (at < end);
  }

  #check(offset: number, length: number): void {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new RangeError(`${offset} and ${length} are no range`);
    }
    if (offset + length > this.size) {
      throw new RangeError(`bytes ${offset} to ${offset + length} are not within ${this.size}`);
    }
  }
}

/**
 * Opens an encrypted file for reads of any range. Reads the header and the last piece, so that a file that was cut or
 * lengthened is refused here, before anything of it is used.
 *
 * The file must not change while it is open; if it does, a read fails and never gives out what was not written.
 *
 * @throws AgeError `NOT_AGE`, `HEADER_INVALID`, `HEADER_DAMAGED`, `HEADER_TOO_LARGE`, `WRONG_KEY`, `TRUNCATED`,
 *   `TRAILING_DATA`, `PIECE_DAMAGED`; what the source throws, as it is.
 */
export async function openEncrypted(
  source: EncryptedSource,
  identities: readonly Identity[],
): Promise<EncryptedFile> {
  const { header, start: read } = await readStart(source);
  const start = header.size + NONCE_BYTES;
  const fileKey = await unwrapFileKey(header, identities);
  const key = payloadKey(fileKey, read.subarray(header.size, start));
  fileKey.fill(0);
  const size = plainSize(source.size, header.size);
  const lastPiece = countPieces(size) - 1;
  const lastStart = start + lastPiece * STORED_PIECE_BYTES;
  const stored =
    read.length === source.size
      ? read.subarray(lastStart)
      : await readExactly(source, lastStart, source.size - lastStart);
  const end = openPiece(new PieceCipher(key), start, lastPiece, true, stored);
  return new EncryptedFile(source, key, start, size, end);
}
