import { AgeError, checkRecipients } from '@quackup/age';

import type { BackupOptions } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { plainRefused } from '../target/refusals.ts';
import { TargetClient } from '../target/target-client.ts';

/**
 * Refuses, before anything is begun, what could not be honoured in the end.
 *
 * @throws PLAIN_REFUSED if a target takes only encrypted backups, and this is to be a plain one.
 * @throws CONFIG_INVALID if nothing can be encrypted for these recipients together.
 */
export function checkPolicy({ targets, encryption }: BackupOptions): void {
  if (encryption === undefined) {
    const strict = targets.find(({ encryptedOnly }) => encryptedOnly === true);
    if (strict !== undefined) throw plainRefused(new TargetClient(strict), 'the backup');
    return;
  }
  try {
    checkRecipients(encryption.recipients);
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new QuackupError('CONFIG_INVALID', `nothing can be encrypted so: ${error.message}`, {
      cause: error,
      hint: 'correct encryption.recipients',
    });
  }
}
