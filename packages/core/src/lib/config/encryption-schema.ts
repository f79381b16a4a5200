import * as z from 'zod';

import { durationText } from './duration-text.ts';
import { parseDuration } from './parse-duration.ts';

/** Where a secret comes from: exactly one of `file`, `env` and `command`. */
interface RawReference {
  readonly file?: string;
  readonly env?: string;
  readonly command?: readonly string[];
  readonly timeout?: string;
}

type RawPassphraseSource = 'prompt' | RawReference;

/** A file of identities may itself be encrypted with a passphrase, which comes from somewhere too. */
export type RawSecretSource = 'prompt' | (RawReference & { readonly passphrase?: RawPassphraseSource });

/** What the schema lets through of the section `encryption`. */
export interface RawEncryption {
  readonly recipients?: readonly (string | { readonly file: string })[];
  readonly identities?: RawSecretSource | readonly RawSecretSource[];
  readonly passphrase?: RawPassphraseSource;
}

/** Longest time that a command may take: somebody may have to confirm it on another device. */
const MAX_COMMAND_MS = 600_000;

// One object and not a union of three: what is wrong in it is then told at its place.
const reference = {
  file: z
    .string()
    .min(1)
    .exactOptional()
    .describe('Path of a file that holds it, relative to the configuration file.'),
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a name of an environment variable')
    .exactOptional()
    .describe('Name of an environment variable that holds it.'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .exactOptional()
    .describe(
      'A program and its arguments, for password managers and key services; run without a shell, in the folder of the configuration. What it prints is the secret.',
    ),
  timeout: durationText('"30s"')
    .refine((text) => (parseDuration(text) ?? Infinity) <= MAX_COMMAND_MS, 'at most 10 minutes')
    .exactOptional()
    .describe('How long the command may take: "30s". Default: "60s".'),
};

const oneSource = z.superRefine<RawReference & { readonly passphrase?: unknown }>((source, context) => {
  const named = [source.file, source.env, source.command].filter((each) => each !== undefined);
  if (named.length !== 1) context.addIssue('expected exactly one of file, env and command');
  else if (source.timeout !== undefined && source.command === undefined) {
    context.addIssue('a timeout is only for a command');
  } else if (source.passphrase !== undefined && source.file === undefined) {
    context.addIssue('a passphrase is only for a file');
  }
});

// Anything else that is text would be the secret itself, which no message repeats.
const prompt = z
  .literal('prompt', { error: 'must not be written here: name { file }, { env }, { command }, or "prompt"' })
  .describe('Ask on the terminal.');

const passphraseSource = z.union([z.strictObject(reference).check(oneSource), prompt]);

const identitySource = z.union([
  z
    .strictObject({
      ...reference,
      passphrase: passphraseSource
        .exactOptional()
        .describe('For a file that is encrypted with a passphrase. Default: prompt.'),
    })
    .check(oneSource),
  prompt,
]);

const recipient = z.union([
  z
    .string()
    .regex(/^\s*age1[0-9a-z]+\s*$/, 'a recipient begins with age1')
    .describe('A public key: age1...'),
  z.strictObject({
    file: z
      .string()
      .min(1)
      .describe('Path of a file with recipients, one a line; relative to the configuration file.'),
  }),
]);

/** The section `encryption`. Which recipients can go together is checked when they are read. */
export const encryptionSchema: z.ZodType<RawEncryption> = z
  .strictObject({
    recipients: z
      .array(recipient)
      .min(1)
      .exactOptional()
      .describe('Public keys that backups are encrypted for; each of them alone opens them.'),
    identities: z
      .union([z.array(identitySource).min(1), identitySource])
      .exactOptional()
      .describe(
        'Where the secret keys are. Needed only to read: restore, verify (blocks, scan), repair, rekey.',
      ),
    passphrase: passphraseSource
      .exactOptional()
      .describe('Instead of keys: a passphrase, which both writing and reading need.'),
  })
  .superRefine(({ recipients, identities, passphrase }, context) => {
    if (passphrase !== undefined && (recipients !== undefined || identities !== undefined)) {
      context.addIssue('a passphrase cannot be used together with recipients or identities');
    } else if (passphrase === undefined && recipients === undefined && identities === undefined) {
      context.addIssue('names neither recipients nor identities nor a passphrase');
    }
  })
  .describe('Backups are encrypted (age). Default: they are not.');
