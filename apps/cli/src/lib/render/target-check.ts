import type { Colors } from '../colors.ts';
import type { CheckedTarget } from '../commands/target-check.ts';
import type { ConformanceSummary } from '../target-check/summarize.ts';
import { bytes, counted, visible } from './format.ts';

/** One line for each step and each group of cases, then what failed, then what the target can and cannot do. */
export function renderTargetCheck(report: CheckedTarget, colors: Colors): string[] {
  const state = (ok: boolean): string => (ok ? colors.green('OK    ') : colors.red('FAILED'));
  return [
    `${colors.bold(report.target)}  ${visible(report.displayName)}${report.access === 'full' ? '' : ` (${report.access})`}`,
    ...report.steps.map(
      ({ step, ok, message }) =>
        `  ${state(ok)} ${step}${message === undefined ? '' : `: ${visible(message)}`}`,
    ),
    ...(report.conformance === null ? [] : renderConformance(report.conformance, colors, state)),
    ...renderUnfinished(report.unfinishedUploads),
    ...capabilities(report),
  ];
}

function renderUnfinished(uploads: CheckedTarget['unfinishedUploads']): string[] {
  const [oldest] = uploads?.old ?? [];
  if (uploads === null || oldest === undefined) return [];
  const { length } = uploads.old;
  return [
    `  ${length} unfinished upload${length === 1 ? '' : 's'} of more than a day ago, the oldest of ${oldest.initiatedAt} (${visible(oldest.key)}): the next backup removes what got nothing since; a lifecycle rule removes them without one`,
  ];
}

function renderConformance(
  { groups, failures, leftBehind }: ConformanceSummary,
  colors: Colors,
  state: (ok: boolean) => string,
): string[] {
  return [
    ...groups.map(({ group, passed, failed }) => {
      const count =
        failed === 0 ? counted(passed, 'case') : `${failed} of ${counted(passed + failed, 'case')}`;
      return `  ${state(failed === 0)} ${group}: ${count}`;
    }),
    ...failures.flatMap(({ id, sentence, essential, message }) => [
      `  ${colors.bold(id)}${essential ? '' : ' (no backup depends on it)'}: ${sentence}`,
      ...message.split('\n').map((line) => `    ${visible(line)}`),
    ]),
    ...leftBehind.map((key) => `  ${state(false)} cannot remove ${visible(key)}`),
  ];
}

function capabilities({ capabilities: { putIfAbsent, putIfMatch, maxObjectSize } }: CheckedTarget): string[] {
  const what = [
    [putIfAbsent, 'put an object only if there is none'],
    [putIfMatch, 'put an object only if it is still the same'],
  ] as const;
  const list = (can: boolean): string =>
    what
      .filter(([each]) => each === can)
      .map(([, text]) => text)
      .join('; ') || 'nothing that Quackup asks for';
  return [
    `  can: ${list(true)}`,
    `  cannot: ${list(false)}`,
    `  largest object: ${maxObjectSize === null ? 'no limit' : bytes(maxObjectSize)}`,
  ];
}
