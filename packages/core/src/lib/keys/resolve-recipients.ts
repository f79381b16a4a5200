/** Whom backups are encrypted for. */
import { readFile } from 'node:fs/promises';

import {
  AgeError,
  checkRecipients,
  parseRecipient,
  parseRecipients,
  passphraseRecipient,
  type Recipient,
} from '@quackup/age';

import type { Config } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { type KeyIo, readPassphrase } from './read-secret.ts';

/**
 * Reads the recipients of the configuration, each of them once. With a passphrase it is the one recipient.
 *
 * @returns undefined if the configuration does not ask for encryption; otherwise at least one.
 * @throws CONFIG_INVALID if one is malformed, if they cannot be used together, or if only identities are named: who can read
 *   is not who is to be able to.
 * @throws KEY_UNAVAILABLE if the passphrase cannot be had.
 */
export async function resolveRecipients(
  config: Pick<Config, 'encryption' | 'baseDir' | 'placeOf'>,
  io: KeyIo,
): Promise<readonly Recipient[] | undefined> {
  const { encryption, baseDir, placeOf } = config;
  if (encryption === undefined) return undefined;
  if (encryption.passphrase !== undefined) {
    const place = placeOf(['encryption', 'passphrase']);
    return [
      passphraseRecipient(await readPassphrase(encryption.passphrase, 'the passphrase', place, baseDir, io)),
    ];
  }
  if (encryption.recipients.length === 0) {
    throw invalid(
      placeOf(['encryption']),
      'it names identities and no recipients, so nothing can be encrypted',
      {
        hint: 'add `recipients: [age1...]`; `age-keygen -y KEYFILE` prints the one of a key',
      },
    );
  }
  const byText = new Map<string | undefined, Recipient>();
  for (const [at, each] of encryption.recipients.entries()) {
    const place = placeOf(['encryption', 'recipients', at]);
    const found = await recipientsOf(each, place);
    for (const recipient of found) byText.set(recipient.text, recipient);
  }
  const recipients = [...byText.values()];
  try {
    checkRecipients(recipients);
  } catch (error) {
    throw invalid(placeOf(['encryption', 'recipients']), error);
  }
  return recipients;
}

async function recipientsOf(
  configured: string | { readonly file: string },
  place: string,
): Promise<Recipient[]> {
  try {
    if (typeof configured === 'string') return [parseRecipient(configured)];
    return parseRecipients(await readFile(configured.file, 'utf8'));
  } catch (error) {
    const where = typeof configured === 'string' ? '' : `${configured.file}: `;
    throw invalid(place, error, { where });
  }
}

function invalid(
  place: string,
  problem: unknown,
  {
    where = '',
    hint = 'a recipient is what `quackup keygen` and `age-keygen -y` print: age1...',
  }: { where?: string; hint?: string } = {},
): QuackupError {
  const isError = problem instanceof Error;
  // Anything else is not the configuration's fault.
  if (isError && !(problem instanceof AgeError) && !('syscall' in problem)) throw problem;
  return new QuackupError(
    'CONFIG_INVALID',
    `${place}: ${where}${isError ? problem.message : String(problem)}`,
    {
      hint,
      ...(isError && { cause: problem }),
    },
  );
}
