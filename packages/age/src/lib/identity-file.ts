/**
 * Files of identities that are themselves encrypted with a passphrase, in text form (armored), as `age -p -a` writes them.
 * `age -d -i FILE` asks for the passphrase.
 */
import { armor } from 'age-encryption';

import { decryptStream } from './decrypt-stream.ts';
import { encryptStream } from './encrypt-stream.ts';
import { AgeError } from './errors.ts';
import { type KeyIdentity, parseIdentities } from './identity.ts';
import { passphraseIdentity, type PassphraseOptions, passphraseRecipient } from './passphrase.ts';

const BINARY_START = 'age-encryption.org/';
const ARMOR_START = '-----BEGIN AGE';

/** Whether a file of identities is itself encrypted, as text or not. */
export function isEncryptedIdentities(file: Uint8Array): boolean {
  const start = Buffer.from(file.subarray(0, 64)).toString('latin1').trimStart();
  return start.startsWith(BINARY_START) || start.startsWith(ARMOR_START);
}

/**
 * Encrypts the text of a file of identities with a passphrase.
 *
 * @param text See {@link formatIdentity}.
 * @returns The armored file; it ends with a line feed.
 */
export async function encryptIdentities(
  text: string,
  passphrase: string,
  options: PassphraseOptions = {},
): Promise<string> {
  const encrypt = encryptStream([passphraseRecipient(passphrase, options)]);
  return armor.encode(await joined(encrypt(once(Buffer.from(text)))));
}

/**
 * Opens a file of identities that is encrypted with a passphrase, in text form or not.
 *
 * @throws AgeError `WRONG_KEY` for another passphrase, `IDENTITY_INVALID` if there is no secret key in it, and what
 *   {@link decryptStream} throws.
 */
export async function decryptIdentities(file: Uint8Array, passphrase: string): Promise<KeyIdentity[]> {
  const decrypt = decryptStream([passphraseIdentity(passphrase)]);
  const content = await joined(decrypt(once(dearmored(file))));
  const identities = parseIdentities(content.toString('utf8'));
  content.fill(0);
  return identities;
}

/** An encrypted file in text form; one that is text already stays as it is. */
export function armored(file: Uint8Array): string {
  const text = Buffer.from(file).toString('latin1');
  return text.trimStart().startsWith(ARMOR_START) ? `${text.trim()}\n` : armor.encode(file);
}

function dearmored(file: Uint8Array): Uint8Array {
  const text = Buffer.from(file).toString('latin1');
  if (!text.trimStart().startsWith(ARMOR_START)) return file;
  try {
    return armor.decode(text);
  } catch (cause) {
    throw new AgeError('NOT_AGE', 'the text form (armor) of the file is damaged', { cause });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function joined(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
