import { QuackupError } from '@quackup/core';

import type { CliIo } from '../cli-io.ts';

/** Whether there is somebody who can be asked for something secret, and sees the question. */
export function canAsk(io: CliIo): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

/** Asks for something that is not shown. The question is on stderr: stdout belongs to the answer of the command. */
export async function askSecret(message: string, io: CliIo): Promise<string> {
  const { password } = await import('@inquirer/prompts');
  return password({ message }, { input: io.stdin, output: io.stderr, signal: io.signal });
}

/** A guess costs about a second of one core; so many characters are the least that is worth it. */
const MIN_PASSPHRASE_LENGTH = 12;

/**
 * Asks for a new passphrase, twice.
 *
 * @throws USAGE if there is nobody to ask, if it is short, or if the two differ.
 */
export async function askNewPassphrase(io: CliIo): Promise<string> {
  if (!canAsk(io)) {
    throw new QuackupError('USAGE', 'a passphrase would have to be asked for, and there is nobody to ask', {
      hint: 'run it on a terminal, or without --passphrase',
    });
  }
  const passphrase = await askSecret('New passphrase', io);
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) {
    throw new QuackupError('USAGE', `the passphrase has fewer than ${MIN_PASSPHRASE_LENGTH} characters`, {
      hint: 'five random words are easier to keep than a short password, and safer',
    });
  }
  if ((await askSecret('The same again', io)) === passphrase) return passphrase;
  throw new QuackupError('USAGE', 'the two passphrases differ; nothing was written', { hint: 'try again' });
}
