import type { CleanupReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { bytes, counted, visible } from './format.ts';
import { renderTable } from './table.ts';

/** What goes and stays on one target. With a dry run every backup with its reasons, else only what was removed. */
export function renderCleanup(target: string, report: CleanupReport, colors: Colors): string[] {
  const { kept, removed, leftovers, freedBytes, dryRun } = report;
  const rows = [
    ...(dryRun
      ? kept.map(({ name, reasons }) => [colors.green('keep'), visible(name), reasons.join('; ')])
      : []),
    ...removed.map(({ name, reason }) => [colors.red(dryRun ? 'remove' : 'removed'), visible(name), reason]),
    ...leftovers.map((key) => [
      colors.red(dryRun ? 'remove' : 'removed'),
      visible(key),
      'left over by an unfinished run',
    ]),
  ];
  const backups = counted(removed.length, 'backup');
  const outcome = dryRun
    ? `dry run: ${backups} would be removed, ${kept.length} kept, ${bytes(freedBytes)} freed`
    : `${backups} removed, ${kept.length} kept, ${bytes(freedBytes)} freed`;
  return [
    ...(rows.length === 0
      ? []
      : renderTable([{ title: '' }, { title: 'BACKUP' }, { title: 'WHY' }], rows, colors)),
    `${colors.bold(target)}: ${outcome}`,
  ];
}
