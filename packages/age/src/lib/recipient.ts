import { AgeError } from './errors.ts';
import { fingerprintOf } from './fingerprint.ts';
import { LibraryChanged, libraryRecipient } from './library-keys.ts';
import type { Stanza } from './stanza.ts';

/**
 * - `x25519`: `age1...`, the usual one;
 * - `hybrid`: `age1pq1...`, X25519 and ML-KEM-768, which a quantum computer does not open (age 1.3 and newer);
 * - `tag`, `hybrid-tag`: `age1tag1...`, `age1tagpq1...`, keys in hardware: they encrypt here, a plugin of age decrypts;
 * - `passphrase`: whoever knows it.
 */
export type RecipientKind = 'x25519' | 'hybrid' | 'tag' | 'hybrid-tag' | 'passphrase';

/** Someone who can open what is encrypted: the public half of a key, or a passphrase. */
export interface Recipient {
  readonly kind: RecipientKind;
  /** See {@link fingerprintOf}; `passphrase` for a passphrase, of which nothing may be known. */
  readonly fingerprint: string;
  /** As it is written in a configuration; undefined for a passphrase. */
  readonly text: string | undefined;
  /**
   * Wraps a file key of 16 bytes.
   *
   * @throws AgeError `RECIPIENT_INVALID` if it is no key that anything can be encrypted to.
   */
  wrapFileKey(fileKey: Uint8Array): Promise<readonly Stanza[]>;
}

const KINDS: readonly (readonly [start: string, kind: RecipientKind])[] = [
  ['age1pq1', 'hybrid'],
  ['age1tag1', 'tag'],
  ['age1tagpq1', 'hybrid-tag'],
  ['age1', 'x25519'],
];

/**
 * @param text `age1...`, `age1pq1...`, `age1tag1...` or `age1tagpq1...`; spaces around it do not count.
 * @throws AgeError `RECIPIENT_INVALID` if it is none. A secret key that was put here by mistake is not repeated.
 */
export function parseRecipient(text: string): Recipient {
  const trimmed = text.trim();
  if (/^AGE-SECRET-KEY-/i.test(trimmed)) {
    throw new AgeError(
      'RECIPIENT_INVALID',
      'a secret key stands where a recipient should: recipients begin with age1',
    );
  }
  const kind = KINDS.find(([start]) => trimmed.startsWith(start))?.[1];
  if (kind === undefined) {
    throw new AgeError('RECIPIENT_INVALID', `${quote(trimmed)} is not a recipient: they begin with age1`);
  }
  try {
    const recipient = libraryRecipient(trimmed);
    return {
      kind,
      text: trimmed,
      fingerprint: fingerprintOf(trimmed),
      async wrapFileKey(fileKey) {
        try {
          return await recipient.wrapFileKey(fileKey);
        } catch (error) {
          throw new AgeError('RECIPIENT_INVALID', `nothing can be encrypted to ${quote(trimmed)}`, {
            cause: error,
          });
        }
      },
    };
  } catch (error) {
    if (error instanceof LibraryChanged) throw error;
    throw new AgeError(
      'RECIPIENT_INVALID',
      `${quote(trimmed)} is not a recipient: it is mistyped or cut off`,
    );
  }
}

/**
 * Recipients one a line, as `age -R` takes them: empty lines and those that begin with `#` do not count.
 *
 * @throws AgeError `RECIPIENT_INVALID` with the number of the line; or if there is none.
 */
export function parseRecipients(text: string): Recipient[] {
  const recipients: Recipient[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    try {
      recipients.push(parseRecipient(line));
    } catch (error) {
      if (!(error instanceof AgeError)) throw error;
      throw new AgeError(error.code, `line ${at + 1}: ${error.message}`);
    }
  }
  if (recipients.length === 0) throw new AgeError('RECIPIENT_INVALID', 'there is no recipient in it');
  return recipients;
}

/** A recipient by its two ends: a post-quantum one has 1,960 characters. */
function quote(text: string): string {
  return text.length > 80 ? `${text.slice(0, 24)}...${text.slice(-6)}` : text;
}
