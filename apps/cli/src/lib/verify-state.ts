import { EXIT, type VerifyReport } from '@quackup/core';

/** What keeps a backup from being read here, and the exit code of each; nothing is known to be wrong with it. */
const UNREADABLE: ReadonlyMap<string, number> = new Map([
  ['KEY_REQUIRED', EXIT.usage],
  ['KEY_WRONG', EXIT.usage],
  ['FORMAT_UNSUPPORTED', EXIT.failed],
]);

export const isUnreadable = (code: string): boolean => UNREADABLE.has(code);

/** Damaged is only what was read and found to be so. */
export function verifyState({
  ok,
  problems,
}: Pick<VerifyReport, 'ok' | 'problems'>): 'ok' | 'unreadable' | 'damaged' {
  if (ok) return 'ok';
  return problems.every(({ code }) => isUnreadable(code)) ? 'unreadable' : 'damaged';
}

/** The exit code of all of them together: damage counts before what could not be read. */
export function verifyExitCode(reports: readonly VerifyReport[]): number {
  const states = reports.map(verifyState);
  if (states.includes('damaged')) return EXIT.damaged;
  const [first = EXIT.ok] = reports.flatMap(({ problems }) =>
    problems.flatMap(({ code }) => UNREADABLE.get(code) ?? []),
  );
  return first;
}
