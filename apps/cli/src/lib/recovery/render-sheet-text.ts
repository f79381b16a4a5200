import { renderUnicodeCompact } from 'uqr';

import { visible } from '../render/format.ts';
import { QR_OPTIONS } from './qr-options.ts';
import type { RecoverySheet } from './recovery-sheet.ts';

/** A recovery sheet as plain text, codes of half blocks included: to be printed in a font of fixed width, without line spacing. */
export function renderSheetText({ title, createdAt, warnings, keys, places, steps }: RecoverySheet): string {
  const lines = [
    title,
    `written ${createdAt}`,
    '',
    ...warnings.flatMap((warning) => [`! ${warning}`]),
    ...keys.flatMap(({ text, recipient, fingerprint }) => [
      '',
      '-'.repeat(72),
      text,
      ...(recipient === undefined ? [] : [`recipient: ${recipient}`]),
      ...(fingerprint === undefined ? [] : [`fingerprint: ${fingerprint}`]),
      '',
      // Inverted for a terminal is right for paper: ink is dark.
      renderUnicodeCompact(text, { ...QR_OPTIONS, invert: true }),
    ]),
    '-'.repeat(72),
    '',
    'Backups lie here:',
    ...places.map((place) => `  ${visible(place)}`),
    ...steps.flatMap(({ text, commands = [] }, at) => [
      '',
      `${at + 1}. ${text}`,
      ...commands.map((command) => `     ${command}`),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
