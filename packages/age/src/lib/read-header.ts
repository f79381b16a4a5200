import { AgeError } from './errors.ts';
import { failUnfinishedHeader, type Header, MAX_HEADER_BYTES, parseHeader } from './header.ts';
import { NONCE_BYTES } from './layout.ts';

/** An encrypted file that is read by ranges. */
export interface EncryptedSource {
  /** Its length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on; both lie within `size`. Several may be asked for at once. The memory is the
   * caller's: it is overwritten with the content.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** What a header says to everyone. It is not authenticated: that takes a key. */
export interface HeaderInfo {
  /** Length of the header in bytes; the payload's nonce of 16 bytes and the pieces follow. */
  readonly headerSize: number;
  /** Types of the stanzas in their order: `X25519`, `mlkem768x25519`, `scrypt`. Most of them are one recipient each. */
  readonly stanzaTypes: readonly string[];
}

/** A header is read in steps of this many bytes: forty recipients, two post-quantum ones, at once. */
const FIRST_READ_BYTES = 4096;

/**
 * Reads the header of an encrypted file without a key.
 *
 * @throws AgeError `NOT_AGE`, `HEADER_INVALID`, `HEADER_TOO_LARGE`, `TRUNCATED`
 */
export async function readHeader(source: EncryptedSource): Promise<HeaderInfo> {
  const { header } = await readStart(source);
  return { headerSize: header.size, stanzaTypes: header.stanzas.map(({ args }) => args[0] ?? '') };
}

/** The header, and the file's first bytes: the header, the nonce and whatever was read with them. */
export async function readStart(
  source: EncryptedSource,
): Promise<{ readonly header: Header; readonly start: Buffer }> {
  let start: Buffer = Buffer.alloc(0);
  let wanted = FIRST_READ_BYTES;
  for (;;) {
    const until = Math.min(source.size, wanted);
    start = Buffer.concat([start, await readExactly(source, start.length, until - start.length)]);
    const header = parseHeader(start);
    if (header === undefined) {
      if (until === source.size) failUnfinishedHeader(until);
      wanted = Math.min(MAX_HEADER_BYTES, wanted * 4);
      continue;
    }
    const nonceEnd = header.size + NONCE_BYTES;
    if (start.length >= nonceEnd) return { header, start };
    if (until === source.size) {
      throw new AgeError('TRUNCATED', 'the file ends behind its header', { offset: until });
    }
    wanted = nonceEnd;
  }
}

/** @throws AgeError `TRUNCATED` if the source has less than it says. */
export async function readExactly(
  source: EncryptedSource,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0);
  const bytes = await source.read(offset, length);
  if (bytes.length === length) return bytes;
  throw new AgeError('TRUNCATED', `${bytes.length} bytes came for the ${length} at ${offset} of the file`, {
    offset: offset + Math.min(bytes.length, length),
  });
}
