import { AgeError } from '@quackup/age';

import { QuackupError } from '../errors.ts';

/**
 * What reading an encrypted object has met with, as one of our errors; anything else stays as it is.
 *
 * @param object The key of the object.
 * @param recipients Fingerprints of the keys that it says it is for, where they are at hand.
 * @returns BACKUP_DAMAGED, or KEY_WRONG if no key fits.
 */
export function ageFailure(object: string, error: unknown, recipients: readonly string[] = []): unknown {
  if (!(error instanceof AgeError)) return error;
  if (error.code === 'WRONG_KEY') {
    const itsKeys = recipients.length === 0 ? '' : `; it is for ${recipients.join(', ')}`;
    const text = `${object} cannot be read with the keys at hand: ${error.message}${itsKeys}`;
    return new QuackupError('KEY_WRONG', text, {
      cause: error,
      hint: 'quackup show names the fingerprints of the keys that it is encrypted for',
    });
  }
  return new QuackupError('BACKUP_DAMAGED', `${object} is not what was written: ${error.message}`, {
    cause: error,
    hint: 'use another backup; quackup verify --all shows which are whole',
  });
}

/** @returns KEY_REQUIRED, for something that cannot be read without a key. */
export function keyRequired(object: string): QuackupError {
  return new QuackupError('KEY_REQUIRED', `${object} is encrypted, and no key to read it is at hand`, {
    hint: 'name the key with encryption.identities in quackup.yaml; see docs/guides/encryption.md',
  });
}
