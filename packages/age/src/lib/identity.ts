import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption';

import { AgeError } from './errors.ts';
import { LibraryChanged, libraryIdentity, libraryStanzas } from './library-keys.ts';
import { parseRecipient, type Recipient } from './recipient.ts';
import type { Stanza } from './stanza.ts';

/** What opens files. Its secret is in none of its fields, so that it can be logged by accident without harm. */
export interface Identity {
  readonly kind: 'x25519' | 'hybrid' | 'passphrase';
  /**
   * @returns The file key, or undefined if none of the stanzas is for this identity.
   * @throws AgeError `HEADER_INVALID` if one is, or might be, and is malformed.
   */
  unwrapFileKey(stanzas: readonly Stanza[]): Promise<Uint8Array | undefined>;
}

/** A secret key and its public half. */
export class KeyIdentity implements Identity {
  readonly kind: 'x25519' | 'hybrid';
  readonly #secret: string;
  readonly #unwrap: ReturnType<typeof libraryIdentity>;

  /** @param secret `AGE-SECRET-KEY-1...` or `AGE-SECRET-KEY-PQ-1...`. See {@link parseIdentity}. */
  constructor(secret: string) {
    this.kind = secret.startsWith('AGE-SECRET-KEY-PQ-') ? 'hybrid' : 'x25519';
    this.#secret = secret;
    this.#unwrap = libraryIdentity(secret);
  }

  async unwrapFileKey(stanzas: readonly Stanza[]): Promise<Uint8Array | undefined> {
    if (stanzas.length > 1 && stanzas.some(({ args }) => args[0] === 'scrypt')) {
      throw new AgeError('HEADER_INVALID', 'the header is not valid: a passphrase is not the only recipient');
    }
    try {
      return (await this.#unwrap.unwrapFileKey(libraryStanzas(stanzas))) ?? undefined;
    } catch (error) {
      throw new AgeError('HEADER_INVALID', 'the header is not valid: a stanza is malformed', {
        cause: error,
      });
    }
  }

  /** The public half. */
  async recipient(): Promise<Recipient> {
    return parseRecipient(await identityToRecipient(this.#secret));
  }

  /** The secret itself, for those who have to write it down: `AGE-SECRET-KEY-...`. */
  reveal(): string {
    return this.#secret;
  }
}

export interface GenerateOptions {
  /** A key that a quantum computer does not open either; read by age 1.3 and newer. Default: false, an X25519 key. */
  readonly postQuantum?: boolean;
}

/** Makes a new secret key from the system's randomness. */
export async function generateIdentity(options: GenerateOptions = {}): Promise<KeyIdentity> {
  return new KeyIdentity(
    await (options.postQuantum === true ? generateHybridIdentity() : generateX25519Identity()),
  );
}

/** The public half of a secret key. */
export function recipientOf(identity: KeyIdentity): Promise<Recipient> {
  return identity.recipient();
}

/**
 * @param text `AGE-SECRET-KEY-1...` or `AGE-SECRET-KEY-PQ-1...`; spaces around it do not count.
 * @throws AgeError `IDENTITY_INVALID` if it is none. The message does not repeat it.
 */
export function parseIdentity(text: string): KeyIdentity {
  const trimmed = text.trim();
  if (trimmed.startsWith('age1')) {
    throw new AgeError(
      'IDENTITY_INVALID',
      'a recipient stands where a secret key should: those begin with AGE-SECRET-KEY-',
    );
  }
  try {
    return new KeyIdentity(trimmed);
  } catch (error) {
    if (error instanceof LibraryChanged) throw error;
    // What the package throws is not kept: it may repeat the text.
    throw new AgeError('IDENTITY_INVALID', 'it is no secret key AGE-SECRET-KEY-...: mistyped or cut off');
  }
}

/**
 * Reads a file of identities as `age-keygen` writes it: one a line; empty lines and those that begin with `#` do not count.
 *
 * @throws AgeError `IDENTITY_INVALID` with the number of the line; or if there is none; or if the file is itself encrypted.
 */
export function parseIdentities(text: string): KeyIdentity[] {
  if (text.startsWith('age-encryption.org/') || text.startsWith('-----BEGIN AGE')) {
    throw new AgeError('IDENTITY_INVALID', 'the file of identities is itself encrypted: decrypt it first');
  }
  const identities: KeyIdentity[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    try {
      identities.push(parseIdentity(line));
    } catch (error) {
      if (!(error instanceof AgeError)) throw error;
      throw new AgeError(error.code, `line ${at + 1}: ${error.message}`);
    }
  }
  if (identities.length === 0) throw new AgeError('IDENTITY_INVALID', 'there is no secret key in it');
  return identities;
}

/** The text of a file that holds a secret key, as `age-keygen` writes it. It ends with a line feed. */
export async function formatIdentity(identity: KeyIdentity, createdAt: Date): Promise<string> {
  const { text = '' } = await identity.recipient();
  const created = createdAt.toISOString().replace(/\.\d+Z$/, 'Z');
  return `# created: ${created}\n# public key: ${text}\n${identity.reveal()}\n`;
}
