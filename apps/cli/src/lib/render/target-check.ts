import type { TargetCheckReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { bytes, visible } from './format.ts';

/** One line for each step, then what the target can do. */
export function renderTargetCheck(report: TargetCheckReport, colors: Colors): string[] {
  const { putIfAbsent, putIfMatch, maxObjectSize } = report.capabilities;
  return [
    `${colors.bold(report.target)}  ${visible(report.displayName)}${report.access === 'full' ? '' : ` (${report.access})`}`,
    ...report.steps.map(({ step, ok, message }) => {
      const state = ok ? colors.green('OK    ') : colors.red('FAILED');
      return `  ${state} ${step}${message === undefined ? '' : `: ${visible(message)}`}`;
    }),
    ...renderUnfinished(report.unfinishedUploads),
    `  put if absent: ${yesNo(putIfAbsent)}; put if match: ${yesNo(putIfMatch)}; largest object: ${maxObjectSize === null ? 'no limit' : bytes(maxObjectSize)}`,
  ];
}

function renderUnfinished(uploads: TargetCheckReport['unfinishedUploads']): string[] {
  const [oldest] = uploads?.old ?? [];
  if (uploads === null || oldest === undefined) return [];
  const { length } = uploads.old;
  return [
    `  ${length} unfinished upload${length === 1 ? '' : 's'} of more than a day ago, the oldest of ${oldest.initiatedAt} (${visible(oldest.key)}): the next backup removes what got nothing since; a lifecycle rule removes them without one`,
  ];
}

const yesNo = (can: boolean): string => (can ? 'yes' : 'no');
