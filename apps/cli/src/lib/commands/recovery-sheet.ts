import { extname, resolve } from 'node:path';

import { EXIT, QuackupError } from '@quackup/core';

import type { CommandContext } from '../command-context.ts';
import { findConfig, hasConfigFile } from '../config/find-config.ts';
import { keyIo } from '../config/key-io.ts';
import { writePrivateFile } from '../keys/write-private-file.ts';
import { recoverySheet as makeSheet, type RecoverySheet } from '../recovery/recovery-sheet.ts';
import { renderSheetHtml } from '../recovery/render-sheet-html.ts';
import { renderSheetText } from '../recovery/render-sheet-text.ts';
import { sheetKeys } from '../recovery/sheet-keys.ts';

export interface RecoverySheetInput {
  /** File of identities, relative to the working directory. Default: those of the configuration. */
  readonly key?: string;
  /** Relative to the working directory. Its ending says what is written. */
  readonly out: string;
}

const RENDERERS = new Map<string, (sheet: RecoverySheet) => string>([
  ['.html', renderSheetHtml],
  ['.txt', renderSheetText],
]);

export async function recoverySheet(context: CommandContext, input: RecoverySheetInput): Promise<number> {
  const { io } = context;
  const path = resolve(io.cwd, input.out);
  const render = RENDERERS.get(extname(path).toLowerCase());
  if (render === undefined) {
    throw new QuackupError('USAGE', `a recovery sheet is an .html or a .txt file, not ${path}`, {
      hint: 'quackup recovery-sheet --out quackup-recovery.html',
    });
  }
  const config = await findConfig(context);
  const file = input.key === undefined ? undefined : resolve(io.cwd, input.key);
  const keys = await sheetKeys(config, file, keyIo(context, config));
  const told = (await hasConfigFile(context)) ? config : undefined;
  await writePrivateFile(path, render(makeSheet(keys, told, io.now())));
  if (told === undefined) {
    context.warn(
      `there is no ${config.path}, so the sheet leaves a line for where the backups lie: fill it in`,
    );
  }
  const fingerprints = keys.flatMap(({ fingerprint }) => (fingerprint === undefined ? [] : [fingerprint]));
  context.report(
    { file: path, keys: keys.map(({ kind }) => ({ kind })), fingerprints },
    [
      `wrote ${path}`,
      keys.every(({ kind }) => kind === 'encrypted')
        ? 'It holds the key as it is encrypted, and not its passphrase. Print it, keep it where the backups are not, and delete the file.'
        : 'It holds the secret in clear. Print it, keep it where the backups are not, and delete the file.',
    ],
    true,
  );
  return EXIT.ok;
}
