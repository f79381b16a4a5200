import type { RepairReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { failure } from './backup.ts';
import { counted, visible } from './format.ts';

/** What was repaired on one target, and what cannot be. */
export function renderRepair(target: string, report: RepairReport, colors: Colors): string[] {
  const { whole, repaired, damaged, locked, dryRun } = report;
  const label = colors.green(dryRun ? 'can repair' : 'repaired');
  return [
    ...repaired.map(({ backup, what, as }) =>
      what === 'manifest'
        ? `${label}  ${visible(backup)}: its manifest, from the archive`
        : `${label}  ${visible(backup)}: its index, as ${visible(as)}`,
    ),
    ...[...damaged, ...locked].flatMap(({ backup, error }) => failure(visible(backup), error, colors)),
    `${colors.bold(target)}: ${counted(whole.length, 'backup')} whole, ${repaired.length} ${dryRun ? 'to repair' : 'repaired'}, ${damaged.length} damaged beyond repair${locked.length === 0 ? '' : `, ${locked.length} not looked at`}`,
  ];
}
