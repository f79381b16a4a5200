import { basename } from 'node:path';

import type { ImportItem, ImportReport } from '@quackup/core';

import type { Colors } from '../colors.ts';
import { failure } from './backup.ts';
import { bytes, counted, duration, moment, visible } from './format.ts';
import { renderTable } from './table.ts';

interface ImportRendering {
  /** What the next cleanup would remove again. */
  readonly shortLived: readonly { readonly target: string; readonly backup: string }[];
  readonly verbose: boolean;
}

const LABEL = { imported: 'imported', planned: 'would import', present: 'there already', failed: 'FAILED' };

/** A table of what was found, what is to be said of each, and what was left alone. */
export function renderImport(
  report: ImportReport,
  { shortLived, verbose }: ImportRendering,
  colors: Colors,
): string[] {
  const { imports, skipped, dryRun } = report;
  const count = (wanted: ImportItem['status']): number =>
    imports.filter(({ status }) => status === wanted).length;
  const done = dryRun ? `${count('planned')} to import` : `${count('imported')} imported`;
  return [
    ...renderTable(
      [
        { title: 'SOURCE' },
        { title: 'STATUS' },
        { title: 'OF' },
        { title: 'BACKUP' },
        { title: 'DATABASES' },
        { title: 'ROWS', align: 'right' },
        { title: 'SIZE', align: 'right' },
        { title: 'STORED', align: 'right' },
      ],
      imports.map((item) => row(item, colors)),
      colors,
    ),
    ...notesOf(imports),
    ...imports.flatMap((item) => failuresOf(item, colors)),
    ...(verbose ? skipped : []).map(({ path, reason }) => `left alone: ${visible(path)}: ${reason}`),
    `${done}, ${count('present')} there already, ${count('failed')} failed${skipped.length > 0 ? `, ${skipped.length} left alone${verbose ? '' : ' (--verbose names them)'}` : ''}, ${duration(report.durationMs)}`,
    ...shortLivedLines(shortLived, colors),
  ];
}

function row(item: ImportItem, colors: Colors): string[] {
  const { source, status, createdAt, backup = '', databases, archiveBytes } = item;
  const label = status === 'failed' ? colors.red(LABEL.failed) : colors.green(LABEL[status]);
  const rows = databases.flatMap((database) => database.rows ?? []);
  const size = databases.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  return [
    visible(basename(source)),
    label,
    createdAt === undefined ? '' : moment(createdAt),
    backup,
    databases.map(({ name }) => visible(name)).join(', '),
    rows.length === 0 ? '' : String(rows.reduce((sum, each) => sum + each, 0)),
    size === 0 ? '' : bytes(size),
    archiveBytes === undefined ? '' : bytes(archiveBytes),
  ];
}

/** Each note once, with what it is of. */
function notesOf(imports: readonly ImportItem[]): string[] {
  const sources = new Map<string, string[]>();
  for (const { notes, source, status } of imports) {
    if (status === 'present') continue;
    for (const note of notes) sources.set(note, [...(sources.get(note) ?? []), basename(source)]);
  }
  return [...sources].map(([note, of]) => {
    const [first = ''] = of;
    return `note: ${of.length > 1 ? counted(of.length, 'backup') : visible(first)}: ${visible(note)}`;
  });
}

function failuresOf({ source, error, databases, targets }: ImportItem, colors: Colors): string[] {
  const name = visible(basename(source));
  return [
    ...failure(name, error, colors),
    ...databases.flatMap((database) => failure(`${name}, ${visible(database.name)}`, database.error, colors)),
    ...targets.flatMap((target) => failure(`${name}, target ${target.name}`, target.error, colors)),
  ];
}

function shortLivedLines(shortLived: ImportRendering['shortLived'], colors: Colors): string[] {
  const perTarget = Map.groupBy(shortLived, ({ target }) => target);
  return [...perTarget].flatMap(([target, backups]) => [
    `${colors.yellow('warning:')} the next cleanup of ${target} would remove ${counted(backups.length, 'imported backup')} again: the retention rules keep nothing so old`,
    '  try: raise retention: in quackup.yaml (keepMonthly: 12, keepYearly: 10), then look at quackup cleanup --dry-run',
  ]);
}
