import type { AlarmThresholds, ScannedDatabase } from '../api.ts';
import type { ScanRecord } from './scan-record.ts';

/** A change of the data that somebody asked to be told of. */
export interface DataAlarm {
  /** `table NAME of DATABASE`, or `growth of DATABASE`. */
  readonly subject: string;
  readonly message: string;
}

type Table = ScannedDatabase['tables'][number];

/**
 * What the thresholds say of the step from one scan to a later one. A database that is not in both says nothing: that one is
 * missing is a failure of the backup, and a new one has nothing to be compared with.
 *
 * @param before The last scan before this one: for what vanished or shrank.
 * @param old The newest that is at least as old as {@link AlarmThresholds.notGrownForMs}: for what does not grow.
 */
export function compareScans(
  now: ScanRecord,
  { before, old }: { readonly before: ScanRecord | undefined; readonly old: ScanRecord | undefined },
  thresholds: AlarmThresholds,
): DataAlarm[] {
  return now.databases.flatMap((database) => [
    ...inBoth(before, database.name, (earlier, backup) => tableAlarms(database, earlier, backup, thresholds)),
    ...(thresholds.notGrownForMs === undefined
      ? []
      : inBoth(old, database.name, (earlier, backup) => growthAlarms(database, earlier, backup))),
  ]);
}

type Counted = ScanRecord['databases'][number];

function inBoth(
  record: ScanRecord | undefined,
  name: string,
  compare: (earlier: Counted, backup: string) => DataAlarm[],
): DataAlarm[] {
  const earlier = record?.databases.find((database) => database.name === name);
  return record === undefined || earlier === undefined ? [] : compare(earlier, record.backup);
}

function tableAlarms(
  { name, tables }: Counted,
  earlier: Counted,
  backup: string,
  { tableVanished = false, tableShrankPercent = Infinity }: AlarmThresholds,
): DataAlarm[] {
  return earlier.tables.flatMap((was) => {
    const is = tables.find(({ schema, table }) => schema === was.schema && table === was.table);
    const what = `${was.schema}.${was.table}`;
    const subject = `table ${what} of ${name}`;
    if (is === undefined) {
      if (!tableVanished) return [];
      return [
        { subject, message: `the table ${what} of ${name} is gone; it had ${was.rows} rows in ${backup}` },
      ];
    }
    const lost = [
      loss('rows', is.rows, was.rows, tableShrankPercent),
      loss('bytes', is.sizeBytes, was.sizeBytes, tableShrankPercent),
    ].filter((text) => text !== undefined);
    if (lost.length === 0) return [];
    return [{ subject, message: `the table ${what} of ${name} ${lost.join(', and ')} (${backup})` }];
  });
}

function loss(
  unit: string,
  is: Table['sizeBytes'],
  was: Table['sizeBytes'],
  percent: number,
): string | undefined {
  if (is === undefined || was === undefined || was === 0) return undefined;
  const lostPercent = ((was - is) / was) * 100;
  if (lostPercent <= percent || is >= was) return undefined;
  return `has ${is} ${unit} and had ${was}: ${lostPercent.toFixed(1)} % less`;
}

function growthAlarms(database: Counted, earlier: Counted, backup: string): DataAlarm[] {
  const [is, was] = [rowsOf(database), rowsOf(earlier)];
  if (is > was) return [];
  const { name } = database;
  const message = `${name} has ${is} rows, no more than the ${was} in ${backup}: nothing is added to it any more`;
  return [{ subject: `growth of ${name}`, message }];
}

function rowsOf({ tables }: Counted): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}
