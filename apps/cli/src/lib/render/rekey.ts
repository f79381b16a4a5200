import type { RekeyReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { bytes, counted, visible } from './format.ts';
import { renderTable } from './table.ts';

/** Said whenever somebody was removed: the backups look as if it were enough. */
export const WHAT_REMOVAL_CANNOT_UNDO: string =
  'whoever was removed can still read what they have already: copies of these objects, the key of an archive that they once opened, ' +
  'old versions that a bucket keeps, and backups on other targets. Only new backups, and the removal of the old ones, are out of their reach';

/** Which backups are for whom now, and what was written for it. */
export function renderRekey(target: string, report: RekeyReport, colors: Colors): string[] {
  const { recipients, rekeyed, archives, unchanged, plain, failed, movedBytes, dryRun } = report;
  const done = dryRun ? 'would change' : 'changed';
  const rows = [
    ...rekeyed.map(({ backup, added, removed }) => [
      colors.green(done),
      visible(backup),
      [...added.map((each) => `+${each}`), ...removed.map((each) => `-${visible(each)}`)].join(' ') ||
        'its archive was for others than its manifest says',
    ]),
    ...archives.map((key) => [colors.green(done), visible(key), 'of a removed backup; others need it']),
    ...plain.map((name) => ['not encrypted', visible(name), 'left as it is']),
    ...failed.map(({ object, error }) => [colors.red('failed'), visible(object), error.message]),
  ];
  const moved = dryRun
    ? `${bytes(movedBytes)} would be read and written again`
    : `${bytes(movedBytes)} were read and written again`;
  return [
    ...(rows.length === 0
      ? []
      : renderTable([{ title: '' }, { title: 'BACKUP' }, { title: 'RECIPIENTS' }], rows, colors)),
    `${colors.bold(target)}: ${dryRun ? 'dry run: ' : ''}${counted(rekeyed.length, 'backup')} ${done}, ${unchanged.length} as they should be, ${failed.length} failed; ${moved}; for ${recipients.join(', ')}`,
  ];
}
