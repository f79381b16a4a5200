import { unwrapFileKey, wrapFileKey } from './file-key.ts';
import { failUnfinishedHeader, parseHeader } from './header.ts';
import type { Identity } from './identity.ts';
import type { Recipient } from './recipient.ts';

/**
 * The header of the same file for other recipients. The file key stays, so nothing but the header changes:
 *
 *     new file = what this returns + the old file from byte `headerSize` on (nonce and pieces)
 *
 * Whoever could open the old header may have kept the file key or the old header, and then still opens the file: this gives
 * access, it does not take it away from somebody who had it.
 *
 * @param header The file's first bytes, the whole header at least; what follows it is not looked at.
 * @throws AgeError `NOT_AGE`, `HEADER_INVALID`, `HEADER_DAMAGED`, `HEADER_TOO_LARGE`, `WRONG_KEY`, `RECIPIENT_INVALID`
 */
export async function rekeyHeader(
  header: Uint8Array,
  identities: readonly Identity[],
  recipients: readonly Recipient[],
): Promise<Uint8Array> {
  const parsed = parseHeader(header) ?? failUnfinishedHeader(header.length);
  const fileKey = await unwrapFileKey(parsed, identities);
  const rekeyed = await wrapFileKey(fileKey, recipients);
  fileKey.fill(0);
  return rekeyed;
}
