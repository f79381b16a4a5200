import type { BackupDescription } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { failure } from './backup.ts';
import { age, bytes, moment, visible } from './format.ts';
import { renderTable } from './table.ts';

/** Everything that is known of one backup. */
export function renderShow(
  { summary, manifest, unreadable }: BackupDescription,
  now: Date,
  colors: Colors,
): string[] {
  const { verified } = summary;
  const rows: [string, string][] = [
    ['made', `${moment(summary.createdAt)} (${age(summary.createdAt, now)})`],
    ['kind', summary.origin === 'openquant' ? 'OpenQuant archive' : summary.kind],
    ['encrypted', summary.encrypted ? `for ${summary.recipients.map(visible).join(', ')}` : 'no'],
    ['target', summary.target],
    ['size', `${bytes(summary.sizeBytes)} (${summary.sizeBytes} bytes)`],
    ['stored', `${bytes(summary.storedBytes)} (${summary.storedBytes} bytes)`],
    [
      'needs',
      summary.dependsOn.length === 0 ? 'no other archive' : summary.dependsOn.map(visible).join(', '),
    ],
    ['frees if removed', bytes(summary.freesBytes)],
    ['scanned', verified === null ? 'never' : moment(verified.at)],
  ];
  if (manifest !== null) {
    const { algorithm, level } = manifest.archive.compression;
    rows.push(
      ['compression', level === undefined ? algorithm : `${algorithm}, level ${level}`],
      ['archive SHA-256', manifest.archive.sha256],
      ['written by', `${visible(manifest.tool)}, format ${manifest.format}`],
    );
  }
  return [
    colors.bold(visible(summary.name)),
    ...rows.map(([label, text]) => `  ${label.padEnd(16)} ${text}`),
    ...failure(visible(summary.name), summary.damaged ?? summary.suspect, colors),
    ...(unreadable === undefined
      ? []
      : [`${colors.yellow(`not shown, ${unreadable.code}:`)} ${visible(unreadable.message)}`]),
    ...(manifest === null
      ? summary.databases.map((name) => `  database         ${visible(name)}`)
      : contents(manifest, colors)),
  ];
}

function contents(manifest: NonNullable<BackupDescription['manifest']>, colors: Colors): string[] {
  const table = renderTable(
    [
      { title: 'DATABASE' },
      { title: 'SIZE', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'METHOD' },
      { title: 'AS OF' },
      { title: 'CREATED BY' },
      { title: 'PATH' },
    ],
    manifest.databases.map((database) => [
      visible(database.name),
      bytes(database.sizeBytes),
      bytes(database.storedBytes),
      database.method,
      moment(database.takenAt),
      visible(database.createdBy),
      visible(database.path),
    ]),
    colors,
  );
  return [
    ...table,
    ...manifest.databases.flatMap(({ name, warnings = [] }) =>
      warnings.map((text) => `  ${visible(name)}: ${visible(text)}`),
    ),
    ...manifest.failed.flatMap(({ path, ...error }) => failure(visible(path), error, colors)),
  ];
}
