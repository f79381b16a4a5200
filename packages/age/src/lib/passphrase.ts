/**
 * Passphrases. A stanza `-> scrypt SALT LOG2N` holds the file key, encrypted with a key that scrypt makes of the passphrase
 * (https://c2sp.org/age, "The scrypt recipient type"). Made with Node's scrypt and not with the package's, which holds up
 * the whole process for a second or two: here it runs in the thread pool.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';

import { decodeBase64, encodeBase64 } from './base64.ts';
import { AgeError } from './errors.ts';
import type { Identity } from './identity.ts';
import { TAG_BYTES } from './layout.ts';
import type { Recipient } from './recipient.ts';
import type { Stanza } from './stanza.ts';

const TYPE = 'scrypt';
const LABEL = 'age-encryption.org/v1/scrypt';
const SALT_BYTES = 16;
const FILE_KEY_BYTES = 16;
/** As Debian's `age` writes it: 256 MiB and about a second. */
const DEFAULT_LOG_N = 18;
/** A header may ask for so much and no more: 1 GiB of memory. */
const MAX_LOG_N = 20;
const BLOCK_SIZE = 8;
const CIPHER = 'chacha20-poly1305';
const NONCE = new Uint8Array(12);

export interface PassphraseOptions {
  /**
   * Binary logarithm of the work that every guess costs, 1 to 20. Memory: 2^(10 + it) bytes. Default: 18, as `age` has it.
   */
  readonly logN?: number;
}

/**
 * Whoever knows the passphrase. It is then the only recipient of a file: the format wants it so.
 *
 * @throws AgeError `RECIPIENT_INVALID` if the passphrase is empty.
 */
export function passphraseRecipient(passphrase: string, options: PassphraseOptions = {}): Recipient {
  const { logN = DEFAULT_LOG_N } = options;
  if (passphrase === '') throw new AgeError('RECIPIENT_INVALID', 'the passphrase is empty');
  if (!Number.isInteger(logN) || logN < 1 || logN > MAX_LOG_N) {
    throw new RangeError(`logN must be 1 to ${MAX_LOG_N}, not ${logN}`);
  }
  return {
    kind: 'passphrase',
    fingerprint: 'passphrase',
    text: undefined,
    async wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_BYTES);
      const key = await stretch(passphrase, salt, logN);
      const cipher = createCipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [{ args: [TYPE, encodeBase64(salt), String(logN)], body }];
    },
  };
}

/**
 * Opens files that were encrypted with a passphrase.
 *
 * @throws AgeError `IDENTITY_INVALID` if the passphrase is empty.
 */
export function passphraseIdentity(passphrase: string): Identity {
  if (passphrase === '') throw new AgeError('IDENTITY_INVALID', 'the passphrase is empty');
  return {
    kind: 'passphrase',
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === TYPE);
      if (stanza === undefined) return undefined;
      if (stanzas.length > 1) throw invalid('a passphrase is not the only recipient');
      const { salt, logN } = parseArguments(stanza);
      if (stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES)
        throw invalid('its file key is not 16 bytes long');
      const decipher = createDecipheriv(CIPHER, await stretch(passphrase, salt, logN), NONCE, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES));
      const fileKey = decipher.update(stanza.body.subarray(0, FILE_KEY_BYTES));
      try {
        decipher.final();
      } catch {
        // The tag is wrong: it is another passphrase.
        return undefined;
      }
      return fileKey;
    },
  };
}

function parseArguments({ args }: Stanza): { readonly salt: Buffer; readonly logN: number } {
  const [, saltText = '', logText = ''] = args;
  const salt = decodeBase64(saltText);
  if (args.length !== 3 || salt?.length !== SALT_BYTES || !/^[1-9][0-9]{0,2}$/.test(logText)) {
    throw invalid('its scrypt stanza is malformed');
  }
  const logN = Number(logText);
  if (logN > MAX_LOG_N) {
    throw invalid(`its passphrase would take 2^${logN} steps to try, and at most 2^${MAX_LOG_N} are made`);
  }
  return { salt, logN };
}

function stretch(passphrase: string, salt: Uint8Array, logN: number): Promise<Uint8Array> {
  const options = {
    N: 2 ** logN,
    r: BLOCK_SIZE,
    p: 1,
    // Node's own limit is 32 MiB; what is needed is 128 N r and a little.
    maxmem: 128 * BLOCK_SIZE * 2 ** logN + 1024 * 1024,
  };
  const labelled = Buffer.concat([Buffer.from(LABEL), salt]);
  return new Promise((resolve, reject) => {
    scrypt(passphrase, labelled, 32, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function invalid(why: string): AgeError {
  return new AgeError('HEADER_INVALID', `the header is not valid: ${why}`);
}
