import type { DailyReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { failure, renderBackup } from './backup.ts';
import { renderCleanup } from './cleanup.ts';
import { duration, visible } from './format.ts';
import { renderVerify } from './verify.ts';

/** A daily run: what was done, what went wrong, and what is good. */
export function renderDaily(report: DailyReport, colors: Colors): string[] {
  const { backup, verified, cleanups, problems, deferred, lastGood, outcome, durationMs } = report;
  const color = { success: colors.green, warning: colors.yellow, failure: colors.red }[outcome];
  // What the tables say already is not said again.
  const shown =
    backup === undefined ? problems : problems.filter(({ subject }) => !/^(database|target) /.test(subject));
  return [
    ...(backup === undefined ? [] : renderBackup(backup, colors)),
    ...verified.flatMap(({ target, report: found }) =>
      renderVerify([found], colors).map((line) => `${line} (on ${target})`),
    ),
    ...cleanups.flatMap(({ target, report: done }) => renderCleanup(target, done, colors)),
    ...shown.flatMap(({ severity, subject, ...rest }) =>
      severity === 'failure'
        ? failure(subject, rest, colors)
        : [`${colors.yellow('warning:')} ${visible(subject)}: ${visible(rest.message)}`],
    ),
    ...deferred.map(({ target, what }) => `no ${what} on ${target} from here: its access does not allow it`),
    ...lastGood.map(
      ({ target, backup: name }) => `last good backup on ${target}: ${name ?? colors.red('none')}`,
    ),
    `${color(outcome)} after ${duration(durationMs)}`,
  ];
}
