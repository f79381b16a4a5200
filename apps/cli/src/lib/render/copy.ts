import type { CopyReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { bytes, counted, duration, visible } from './format.ts';

/** What was copied, what was written again because it was damaged or for other keys, and what was there already. */
export function renderCopy(report: CopyReport, colors: Colors): string[] {
  const { backup, from, to, copied, replaced, present, copiedBytes, durationMs } = report;
  return [
    ...copied.map((key) => `  copied  ${visible(key)}`),
    ...replaced.map((key) => `  again   ${visible(key)}`),
    ...present.map((key) => `  there   ${visible(key)}`),
    `${colors.green('ok')}  ${visible(backup)} is on ${to} now, copied from ${from}: ${counted(copied.length + replaced.length, 'archive')}, ${bytes(copiedBytes)}, ${duration(durationMs)}`,
  ];
}
