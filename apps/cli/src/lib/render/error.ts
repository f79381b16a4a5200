import { inspect } from 'node:util';

import type { Colors } from '../colors.ts';

/** An error as it is told to the user. */
export interface ErrorReport {
  readonly code: string;
  /** May have several lines. */
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
}

/** `error CODE: message`, the error itself if it is to be shown in full, and last `try: hint`. */
export function renderError(
  { code, message, hint }: ErrorReport,
  colors: Colors,
  inFull?: unknown,
): string[] {
  return [
    `${colors.red(colors.bold(`error ${code}:`))} ${message}`,
    ...(inFull === undefined ? [] : [colors.dim(inspect(inFull, { colors: false }))]),
    ...(hint === undefined ? [] : [`${colors.bold('try:')} ${hint}`]),
  ];
}
