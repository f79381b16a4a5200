import type { DoctorCheck } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { counted, visible } from './format.ts';

/** A line for each check, a second one with what to try, and last how many there were. */
export function renderDoctor(
  shown: readonly DoctorCheck[],
  all: readonly DoctorCheck[],
  colors: Colors,
): string[] {
  const label = { OK: colors.green, WARN: colors.yellow, FAILED: colors.red };
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  const count = (wanted: DoctorCheck['status']): number =>
    all.filter(({ status }) => status === wanted).length;
  return [
    ...shown.flatMap(({ name, subject, status, message, hint }) => {
      const [first = '', ...more] = message.split('\n');
      const below = `       ${' '.repeat(width)}  `;
      return [
        `${label[status](status.padEnd(6))} ${name.padEnd(width)}  ${subject === undefined ? '' : `${visible(subject)}: `}${visible(first)}`,
        ...more.map((line) => `${below}${visible(line)}`),
        ...(hint === undefined ? [] : [`${below}try: ${visible(hint)}`]),
      ];
    }),
    `${counted(all.length, 'check')}: ${count('OK')} OK, ${count('WARN')} WARN, ${count('FAILED')} FAILED`,
  ];
}
