import type { BackupSummary } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { age, bytes, counted, visible } from './format.ts';
import { renderTable } from './table.ts';

const SHOWN_DATABASES = 3;

/** Backups as a table. The first column is what other commands take; FREES is what the removal of this one alone would free, SCANNED when all of it was last restored and read. */
export function renderList(
  backups: readonly BackupSummary[],
  {
    targets,
    now,
    colors,
  }: { readonly targets: readonly string[]; readonly now: Date; readonly colors: Colors },
): string[] {
  if (backups.length === 0) return targets.length === 0 ? [] : [`no backups on ${targets.join(', ')}`];
  // Where nothing is encrypted nobody needs to be told.
  const isMixed = backups.some(({ encrypted }) => encrypted);
  return renderTable(
    [
      { title: 'BACKUP' },
      { title: 'AGE' },
      { title: 'KIND' },
      ...(isMixed ? [{ title: 'ENCRYPTED' }] : []),
      { title: 'DATABASES' },
      { title: 'SIZE', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'FREES', align: 'right' },
      { title: 'TARGET' },
      { title: 'SCANNED' },
      { title: 'STATE' },
    ],
    backups.map((backup) => [
      visible(backup.name),
      age(backup.createdAt, now),
      backup.origin === 'openquant' ? 'openquant' : backup.kind,
      ...(isMixed ? [backup.encrypted ? 'yes' : colors.yellow('NO')] : []),
      backup.encrypted && backup.databases.length === 0 ? '(encrypted)' : databases(backup.databases),
      bytes(backup.sizeBytes),
      bytes(backup.storedBytes),
      bytes(backup.freesBytes),
      backup.target,
      backup.verified === null ? 'never' : age(backup.verified.at, now),
      state(backup, colors),
    ]),
    colors,
  );
}

function databases(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_DATABASES).map(visible).join(', ');
  return names.length > SHOWN_DATABASES ? `${shown} +${names.length - SHOWN_DATABASES}` : shown;
}

function state({ damaged, suspect, failedDatabases, failedCount }: BackupSummary, colors: Colors): string {
  if (damaged !== undefined) return colors.red(`damaged (${damaged.code})`);
  if (suspect !== undefined) return colors.yellow('suspect');
  if (failedCount === 0) return colors.green('complete');
  return colors.yellow(
    `without ${failedDatabases.length === 0 ? counted(failedCount, 'database') : databases(failedDatabases)}`,
  );
}
