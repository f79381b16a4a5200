import type { BackupReport, DatabaseReport, FailureReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { bytes, counted, duration, visible } from './format.ts';
import { renderTable } from './table.ts';

/** A backup that was made, in whole or in part. */
export function renderBackup(report: BackupReport, colors: Colors): string[] {
  const done = report.databases.filter(({ status }) => status === 'ok');
  const total = done.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  return [
    `${colors.bold(report.backup)}: ${report.kind}${report.encrypted ? ', encrypted' : ''}, ${counted(done.length, 'database')}, ${bytes(total)} in an archive of ${bytes(report.archiveBytes)}, ${duration(report.durationMs)}`,
    // That there is nothing yet to build upon is no news.
    ...(report.fullReason === undefined || report.fullReason.endsWith('there is none yet')
      ? []
      : [`full because ${visible(report.fullReason)}`]),
    ...renderTable(
      [
        { title: 'DATABASE' },
        { title: 'STATUS' },
        { title: 'METHOD' },
        { title: 'SIZE', align: 'right' },
        { title: 'STORED', align: 'right' },
      ],
      report.databases.map((database) => [
        visible(database.name),
        status(database.status, colors),
        database.method ?? '',
        database.sizeBytes === undefined ? '' : bytes(database.sizeBytes),
        database.storedBytes === undefined ? '' : bytes(database.storedBytes),
      ]),
      colors,
    ),
    ...report.databases.flatMap((database) => remarks(database, colors)),
    ...report.targets.map(({ name, status: state }) => `on ${name}: ${status(state, colors)}`),
    ...report.targets.flatMap(({ name, error }) => failure(`target ${name}`, error, colors)),
  ];
}

function remarks(database: DatabaseReport, colors: Colors): string[] {
  return [
    ...(database.warnings ?? []).map(
      (text) => `${colors.yellow('warning:')} ${visible(database.name)}: ${visible(text)}`,
    ),
    ...failure(visible(database.path), database.error, colors),
  ];
}

/** Why one of several things failed, in the form of errors. */
export function failure(what: string, error: FailureReport | undefined, colors: Colors): string[] {
  if (error === undefined) return [];
  return [
    `${colors.red(`error ${error.code}:`)} ${what}: ${visible(error.message)}`,
    ...(error.hint === undefined ? [] : [`  try: ${visible(error.hint)}`]),
  ];
}

function status(value: 'ok' | 'failed', colors: Colors): string {
  return value === 'ok' ? colors.green('ok') : colors.red('FAILED');
}
