import { resolve } from 'node:path';

import { encryptIdentities, formatIdentity, generateIdentity, recipientOf } from '@quackup/age';
import { EXIT } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { askNewPassphrase } from '../keys/ask-secret.ts';
import { writePrivateFile } from '../keys/write-private-file.ts';

export interface KeygenInput {
  /** Relative to the working directory; `-`: stdout. */
  readonly out?: string;
  /** Ask for a passphrase that the file is encrypted with. */
  readonly passphrase: boolean;
  readonly postQuantum: boolean;
}

export async function keygen(context: CommandContext, input: KeygenInput): Promise<number> {
  const { io } = context;
  const { out = input.passphrase ? 'quackup-key.age' : 'quackup-key.txt' } = input;
  const passphrase = input.passphrase ? await askNewPassphrase(io) : undefined;
  const identity = await generateIdentity({ postQuantum: input.postQuantum });
  const { text: recipient = '', fingerprint, kind } = await recipientOf(identity);
  const text = await formatIdentity(identity, io.now());
  const content = passphrase === undefined ? text : await encryptIdentities(text, passphrase);
  const facts = { recipient, fingerprint, kind, encrypted: passphrase !== undefined };
  if (out === '-') {
    context.answer({ ...facts, identity: content }, [content.trimEnd()]);
    // In the file that stdout may be redirected to it is a comment already, unless that is encrypted.
    if (!context.options.quiet && !context.options.json) io.stderr.write(`recipient: ${recipient}\n`);
    return EXIT.ok;
  }
  const path = resolve(io.cwd, out);
  await writePrivateFile(path, content);
  context.answer(
    { ...facts, file: path },
    context.options.quiet ? [recipient] : explain(path, recipient, fingerprint),
  );
  return EXIT.ok;
}

function explain(path: string, recipient: string, fingerprint: string): string[] {
  return [
    `recipient:   ${recipient}`,
    `fingerprint: ${fingerprint}`,
    `secret key:  ${path}`,
    '',
    'In quackup.yaml, on every machine that makes backups:',
    '',
    'encryption:',
    `  recipients: [${recipient}]`,
    '',
    'Without the secret key nobody can read these backups, not even you. Keep it where the backups are not:',
    `quackup recovery-sheet --key ${quoted(path)} writes it out for printing. A machine that only makes`,
    'backups does not need it: move the file away from there.',
  ];
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./+-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
