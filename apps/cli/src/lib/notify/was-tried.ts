import type { DailyReport } from '@quackup/core';
import type { Problem } from '@quackup/notify';

/**
 * Whether a run has tried what was wrong before, so that it is over if it is not wrong any more.
 *
 * @param report With `begun: false` nothing was.
 */
export function wasTried(
  { backup, verified, cleanups, problems, lastGood }: DailyReport,
  { begun }: { readonly begun: boolean },
): (before: Pick<Problem, 'subject'>) => boolean {
  const targets = new Set([
    ...lastGood.map(({ target }) => target),
    ...(backup?.targets ?? []).map(({ name }) => name),
    ...problems.map(({ subject }) => subject.replace(/^target /, '')),
  ]);
  return ({ subject = '' }) => {
    if (!begun) return false;
    const [, what, name = ''] =
      /^(database|target|verification on|cleanup on|hook) (.*)$/.exec(subject) ?? [];
    switch (what) {
      case 'database':
      case 'target':
        return backup !== undefined;
      case 'verification on':
        return !targets.has(name) || verified.some(({ target }) => target === name);
      case 'cleanup on':
        return !targets.has(name) || cleanups.some(({ target }) => target === name);
      default:
        return true;
    }
  };
}
