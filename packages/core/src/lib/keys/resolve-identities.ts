/** The keys that the configuration names, for what has to be read. */
import {
  AgeError,
  decryptIdentities,
  type Identity,
  isEncryptedIdentities,
  type KeyIdentity,
  parseIdentities,
  passphraseIdentity,
} from '@quackup/age';

import type { Config, SecretSource } from '../config/index.ts';
import { describeSource, type KeyIo, readPassphrase, readSecret, unavailable } from './read-secret.ts';

/**
 * Reads every key, in the order of the configuration. A file, variable or output may hold several, one a line.
 *
 * @returns none if the configuration names none.
 * @throws KEY_UNAVAILABLE if one cannot be had, is no key, or its passphrase is wrong.
 */
export async function resolveIdentities(
  config: Pick<Config, 'encryption' | 'baseDir' | 'placeOf'>,
  io: KeyIo,
): Promise<readonly Identity[]> {
  const { encryption, baseDir, placeOf } = config;
  if (encryption === undefined) return [];
  if (encryption.passphrase !== undefined) {
    const place = placeOf(['encryption', 'passphrase']);
    return [
      passphraseIdentity(await readPassphrase(encryption.passphrase, 'the passphrase', place, baseDir, io)),
    ];
  }
  const identities: Identity[] = [];
  for (const [at, source] of encryption.identities.entries()) {
    const place = placeOf(['encryption', 'identities', at]);
    identities.push(...(await readIdentities(source, place, baseDir, io)));
  }
  return identities;
}

/**
 * The same as a function that reads the keys when it is called for the first time, and not again: nobody is asked twice, and
 * nobody is asked for what is not needed. A failure is not remembered.
 */
export function keySourceOf(
  config: Pick<Config, 'encryption' | 'baseDir' | 'placeOf'>,
  io: KeyIo,
): () => Promise<readonly Identity[]> {
  let known: Promise<readonly Identity[]> | undefined;
  return () => {
    known ??= resolveIdentities(config, io).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

async function readIdentities(
  source: SecretSource,
  place: string,
  baseDir: string,
  io: KeyIo,
): Promise<KeyIdentity[]> {
  const bytes = await readSecret(source, 'the secret key', place, baseDir, io);
  try {
    if (!isEncryptedIdentities(bytes)) return parseIdentities(bytes.toString('utf8'));
    const from = (typeof source === 'object' && 'file' in source && source.passphrase) || 'prompt';
    const what = `the passphrase for ${describeSource(source)}`;
    return await decryptIdentities(bytes, await readPassphrase(from, what, place, baseDir, io));
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    const text = error.code === 'WRONG_KEY' ? 'the passphrase is another one' : error.message;
    throw unavailable(place, `${describeSource(source)} cannot be used as a key: ${text}`, { cause: error });
  } finally {
    bytes.fill(0);
  }
}
