/** The keys that go on a recovery sheet, as they have to be written down. */
import {
  AgeError,
  armored,
  isEncryptedIdentities,
  type KeyIdentity,
  parseIdentities,
  recipientOf,
} from '@quackup/age';
import {
  type Config,
  type KeyIo,
  QuackupError,
  readPassphrase,
  readSecret,
  type SecretSource,
} from '@quackup/core';

/**
 * - `key`: a secret key;
 * - `encrypted`: a file with keys that is itself encrypted with a passphrase, as text;
 * - `passphrase`: the one that backups are encrypted with.
 */
export interface SheetKey {
  readonly kind: 'key' | 'encrypted' | 'passphrase';
  /** What has to be typed or scanned. Ends without a line break. */
  readonly text: string;
  /** Of a `key` only: what is inside an encrypted file is not looked at. */
  readonly recipient?: string;
  readonly fingerprint?: string;
  /** The tools must be newer than Debian 12 has them. */
  readonly postQuantum?: boolean;
}

/**
 * @param file Absolute path of a file of identities, instead of what the configuration names.
 * @throws USAGE if neither names a key.
 * @throws KEY_UNAVAILABLE if one cannot be had.
 */
export async function sheetKeys(
  config: Config,
  file: string | undefined,
  io: KeyIo,
): Promise<readonly SheetKey[]> {
  const { encryption, baseDir, placeOf } = config;
  if (file !== undefined) return keysFrom({ file }, '--key', baseDir, io);
  if (encryption?.passphrase !== undefined) {
    const place = placeOf(['encryption', 'passphrase']);
    const text = await readPassphrase(encryption.passphrase, 'the passphrase', place, baseDir, io);
    return [{ kind: 'passphrase', text }];
  }
  const keys: SheetKey[] = [];
  for (const [at, source] of (encryption?.identities ?? []).entries()) {
    keys.push(...(await keysFrom(source, placeOf(['encryption', 'identities', at]), baseDir, io)));
  }
  if (keys.length > 0) return keys;
  throw new QuackupError('USAGE', 'there is no key to write down: the configuration names no identities', {
    hint: 'name the file that holds it: quackup recovery-sheet --key FILE',
  });
}

async function keysFrom(
  source: SecretSource,
  place: string,
  baseDir: string,
  io: KeyIo,
): Promise<SheetKey[]> {
  const bytes = await readSecret(source, 'the secret key', place, baseDir, io);
  if (isEncryptedIdentities(bytes)) return [{ kind: 'encrypted', text: armored(bytes).trimEnd() }];
  try {
    return await Promise.all(parseIdentities(bytes.toString('utf8')).map(toSheetKey));
  } catch (cause) {
    if (!(cause instanceof AgeError)) throw cause;
    throw new QuackupError('KEY_UNAVAILABLE', `${place}: it cannot be used as a key: ${cause.message}`, {
      cause,
      hint: 'name a file as `quackup keygen` or `age-keygen` writes it',
    });
  }
}

async function toSheetKey(identity: KeyIdentity): Promise<SheetKey> {
  const { text: recipient = '', fingerprint, kind } = await recipientOf(identity);
  return { kind: 'key', text: identity.reveal(), recipient, fingerprint, postQuantum: kind === 'hybrid' };
}
