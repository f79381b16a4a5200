/**
 * The header of an age file, lines of ASCII that end with a line feed:
 *
 *     age-encryption.org/v1
 *     -> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc
 *     EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U
 *     --- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0
 *
 * A stanza's body is Base64 without padding in lines of 64 characters, the last one shorter and possibly empty. The last
 * line holds an HMAC-SHA-256 of everything up to and with `---`. There is one text for every header and nothing is
 * forgiven, so that two readers never see two different files in one.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

import { decodeBase64, encodeBase64 } from './base64.ts';
import { AgeError } from './errors.ts';
import type { Stanza } from './stanza.ts';

const VERSION_LINE = 'age-encryption.org/v1\n';
const ARMOR_LINE = '-----BEGIN AGE ENCRYPTED FILE-----';
/** What follows the last stanza. Nothing before it can contain it: a stanza's lines begin with `->` or Base64. */
const END_MARK = '\n---';
const BODY_COLUMNS = 64;
const BODY_LINE_BYTES = 48;
const MAC_BYTES = 32;

/** Longest header that is read, in bytes: about 1,300 recipients, or 80 post-quantum ones. */
export const MAX_HEADER_BYTES: number = 128 * 1024;

/** A header whose form has been checked; whether it is the one that was written only {@link checkHeaderMac} knows. */
export interface Header {
  readonly stanzas: readonly Stanza[];
  /** Length in bytes, the last line feed included: where the payload's nonce begins. */
  readonly size: number;
  readonly mac: Uint8Array;
  /** What the code is of. */
  readonly authenticated: Uint8Array;
}

/**
 * @param start The file's first bytes, as many as there are or more than the header takes.
 * @returns undefined if the header has no end in them yet.
 * @throws AgeError `NOT_AGE`, `HEADER_INVALID`, `HEADER_TOO_LARGE`
 */
export function parseHeader(start: Uint8Array): Header | undefined {
  const bytes = Buffer.from(start.buffer, start.byteOffset, Math.min(start.byteLength, MAX_HEADER_BYTES));
  checkVersion(bytes);
  const mark = bytes.indexOf(END_MARK, 0, 'latin1');
  const end = mark < 0 ? -1 : bytes.indexOf('\n', mark + END_MARK.length, 'latin1');
  if (end < 0) {
    if (start.byteLength < MAX_HEADER_BYTES) return undefined;
    throw new AgeError('HEADER_TOO_LARGE', `the header is longer than ${MAX_HEADER_BYTES} bytes`);
  }
  const body = bytes.toString('latin1', VERSION_LINE.length, mark + 1);
  const macText = bytes.toString('latin1', mark + END_MARK.length, end);
  const mac = macText.startsWith(' ') ? decodeBase64(macText.slice(1)) : undefined;
  if (mac?.length !== MAC_BYTES) throw invalid('its last line is not `---` and an authentication code');
  return {
    stanzas: parseStanzas(body),
    size: end + 1,
    mac,
    authenticated: Buffer.from(bytes.subarray(0, mark + END_MARK.length)),
  };
}

/** @throws AgeError `HEADER_INVALID` always: for a file that ends where {@link parseHeader} found no end. */
export function failUnfinishedHeader(size: number): never {
  if (size === 0) throw new AgeError('NOT_AGE', 'the file is empty');
  throw new AgeError('HEADER_INVALID', 'the file ends before its header does', { offset: size });
}

/** @throws AgeError `NOT_AGE` or `HEADER_INVALID` as soon as the bytes can be told from the beginning of a header. */
function checkVersion(bytes: Buffer): void {
  const found = bytes.toString('latin1', 0, VERSION_LINE.length);
  if (VERSION_LINE.startsWith(found)) return;
  if (bytes.toString('latin1', 0, ARMOR_LINE.length).trimStart().startsWith(ARMOR_LINE.slice(0, 16))) {
    throw new AgeError('NOT_AGE', 'the file is an age file in text form (armored), which is not read here');
  }
  if (found.startsWith('age-encryption.org/')) {
    throw invalid('it is of another version of the format than age-encryption.org/v1');
  }
  throw new AgeError('NOT_AGE', 'the file does not begin as an age file does');
}

function parseStanzas(text: string): Stanza[] {
  const lines = text.split('\n');
  // Every line ends with a line feed, so what follows the last one is empty.
  lines.pop();
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length;) {
    const [arrow, ...args] = (lines[at] ?? '').split(' ');
    if (arrow !== '->' || args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) {
      throw invalid(`its line ${at + 2} does not begin a stanza`);
    }
    const parts: Buffer[] = [];
    for (;;) {
      at += 1;
      const line = lines[at];
      const part = line === undefined || line.length > BODY_COLUMNS ? undefined : decodeBase64(line);
      if (line === undefined || part === undefined) {
        throw invalid(`its line ${at + 2} is not a line of a stanza`);
      }
      parts.push(part);
      if (line.length < BODY_COLUMNS) break;
    }
    at += 1;
    stanzas.push({ args, body: Buffer.concat(parts) });
  }
  if (stanzas.length === 0) throw invalid('it has no stanza');
  return stanzas;
}

/** The bytes of a header with these stanzas for a file with this key. */
export function encodeHeader(stanzas: readonly Stanza[], fileKey: Uint8Array): Buffer {
  const lines = stanzas.map(({ args, body }) => {
    const parts = [`-> ${args.join(' ')}\n`];
    for (let at = 0; at <= body.length; at += BODY_LINE_BYTES) {
      parts.push(`${encodeBase64(body.subarray(at, at + BODY_LINE_BYTES))}\n`);
    }
    return parts.join('');
  });
  const authenticated = Buffer.from(`${VERSION_LINE}${lines.join('')}---`, 'latin1');
  const header = `${authenticated.toString('latin1')} ${encodeBase64(macOf(authenticated, fileKey))}\n`;
  if (header.length > MAX_HEADER_BYTES) {
    throw new AgeError(
      'HEADER_TOO_LARGE',
      `the header for ${stanzas.length} recipients would be longer than ${MAX_HEADER_BYTES} bytes`,
    );
  }
  return Buffer.from(header, 'latin1');
}

/** @throws AgeError `HEADER_DAMAGED` if the header is not the one that the owner of the file key wrote. */
export function checkHeaderMac(header: Header, fileKey: Uint8Array): void {
  if (!timingSafeEqual(header.mac, macOf(header.authenticated, fileKey))) {
    throw new AgeError(
      'HEADER_DAMAGED',
      'the header is not the one that was written: its authentication code is wrong',
    );
  }
}

/** HMAC-SHA-256 with a key that HKDF makes of the file key; https://c2sp.org/age, "Header MAC". */
function macOf(authenticated: Uint8Array, fileKey: Uint8Array): Buffer {
  const key = new Uint8Array(hkdfSync('sha256', fileKey, new Uint8Array(0), 'header', 32));
  return createHmac('sha256', key).update(authenticated).digest();
}

function invalid(why: string): AgeError {
  return new AgeError('HEADER_INVALID', `the header is not valid: ${why}`);
}
