import { AgeError } from './errors.ts';
import { checkHeaderMac, encodeHeader, type Header } from './header.ts';
import type { Identity } from './identity.ts';
import type { Recipient, RecipientKind } from './recipient.ts';
import type { Stanza } from './stanza.ts';

/** Bytes of a file key. */
export const FILE_KEY_BYTES = 16;

const POST_QUANTUM: ReadonlySet<RecipientKind> = new Set(['hybrid', 'hybrid-tag']);

/**
 * The header of a file with this key for these recipients.
 *
 * @throws AgeError `RECIPIENT_INVALID`, `HEADER_TOO_LARGE`
 */
export async function wrapFileKey(fileKey: Uint8Array, recipients: readonly Recipient[]): Promise<Buffer> {
  checkRecipients(recipients);
  const stanzas: Stanza[] = [];
  for (const recipient of recipients) stanzas.push(...(await recipient.wrapFileKey(fileKey)));
  return encodeHeader(stanzas, fileKey);
}

/**
 * Refuses recipients that no file can have together.
 *
 * @throws AgeError `RECIPIENT_INVALID`
 */
export function checkRecipients(recipients: readonly Recipient[]): void {
  if (recipients.length === 0) throw new AgeError('RECIPIENT_INVALID', 'there is no recipient');
  if (recipients.length > 1 && recipients.some(({ kind }) => kind === 'passphrase')) {
    throw new AgeError('RECIPIENT_INVALID', 'a passphrase can only be the one recipient of a file');
  }
  const postQuantum = recipients.filter(({ kind }) => POST_QUANTUM.has(kind)).length;
  if (postQuantum > 0 && postQuantum < recipients.length) {
    // As age has it: the file would be as weak as the weakest of them.
    throw new AgeError(
      'RECIPIENT_INVALID',
      'post-quantum recipients and others cannot be mixed: the others would open the file to a quantum computer',
    );
  }
}

/**
 * The key of a file whose header is authentic.
 *
 * @throws AgeError `WRONG_KEY`, `HEADER_INVALID`, `HEADER_DAMAGED`
 */
export async function unwrapFileKey(header: Header, identities: readonly Identity[]): Promise<Uint8Array> {
  for (const identity of identities) {
    const fileKey = await identity.unwrapFileKey(header.stanzas);
    if (fileKey === undefined) continue;
    checkHeaderMac(header, fileKey);
    return fileKey;
  }
  const types = [...new Set(header.stanzas.map(({ args }) => args[0]))].join(', ');
  throw new AgeError(
    'WRONG_KEY',
    `${whichKeys(identities.length)} the file; it is encrypted for ${header.stanzas.length}, by ${types}`,
  );
}

function whichKeys(count: number): string {
  if (count === 0) return 'there is no key for';
  return count === 1 ? 'the key does not open' : `none of the ${count} keys opens`;
}
