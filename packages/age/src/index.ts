/**
 * The age file format (age-encryption.org/v1): keys and headers by the package `age-encryption`, the content by Node's own
 * ChaCha20-Poly1305, as a stream or by ranges.
 *
 * @module
 */
export { decryptStream } from './lib/decrypt-stream.ts';
export {
  type ByteTransform,
  type Encryption,
  encryptStream,
  prepareEncryption,
} from './lib/encrypt-stream.ts';
export { AGE_ERROR_CODES, AgeError, type AgeErrorCode, type AgeErrorOptions } from './lib/errors.ts';
export { checkRecipients } from './lib/file-key.ts';
export { fingerprintOf } from './lib/fingerprint.ts';
export { MAX_HEADER_BYTES } from './lib/header.ts';
export {
  formatIdentity,
  generateIdentity,
  type GenerateOptions,
  type Identity,
  type KeyIdentity,
  parseIdentities,
  parseIdentity,
  recipientOf,
} from './lib/identity.ts';
export { armored, decryptIdentities, encryptIdentities, isEncryptedIdentities } from './lib/identity-file.ts';
export { encryptedSize, NONCE_BYTES, PIECE_BYTES, plainSize } from './lib/layout.ts';
export { type EncryptedFile, openEncrypted } from './lib/open-encrypted.ts';
export { passphraseIdentity, type PassphraseOptions, passphraseRecipient } from './lib/passphrase.ts';
export { type EncryptedSource, type HeaderInfo, readHeader } from './lib/read-header.ts';
export { parseRecipient, parseRecipients, type Recipient, type RecipientKind } from './lib/recipient.ts';
export { rekeyHeader } from './lib/rekey-header.ts';
export type { SealedRange } from './lib/sealed-range.ts';
export type { Stanza } from './lib/stanza.ts';
