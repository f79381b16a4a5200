import { createHash } from 'node:crypto';

/** 64 bits: enough to tell the keys of one owner apart and to be read aloud. */
const HEX_DIGITS = 16;

/**
 * A short name for a recipient that says nothing about who it is unless one has the recipient already: the first 16
 * hexadecimal digits of the SHA-256 of its text in lower case. The same in every version and on every machine:
 *
 *     printf %s age1... | sha256sum | cut -c1-16
 *
 * It names a key, it does not authenticate one: nothing may be encrypted or trusted because of a fingerprint.
 */
export function fingerprintOf(recipient: string): string {
  return createHash('sha256').update(recipient.trim().toLowerCase()).digest('hex').slice(0, HEX_DIGITS);
}
