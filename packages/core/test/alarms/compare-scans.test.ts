import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { compareScans } from '../../src/lib/alarms/compare-scans.ts';
import type { ScanRecord } from '../../src/lib/alarms/scan-record.ts';

type Sizes = Readonly<Record<string, number | readonly [rows: number, bytes: number]>>;

/** Tables of `a.duckdb`, as rows or as rows and bytes. */
function scan(tables: Sizes, name = 'a.duckdb'): ScanRecord {
  return {
    backup: 'backup_20260101_000000',
    createdAt: new Date('2026-01-01T00:00:00Z'),
    databases: [
      {
        name,
        tables: Object.entries(tables).map(([table, counted]) => {
          const [rows, sizeBytes] = typeof counted === 'number' ? [counted, undefined] : counted;
          const own = sizeBytes === undefined ? {} : { sizeBytes };
          return Object.assign(own, { schema: 'main', table, rows, contentHash: '0' });
        }),
      },
    ],
  };
}

const ALL = { tableVanished: true, tableShrankPercent: 20, notGrownForMs: 1 };
const subjects = (now: ScanRecord, before: ScanRecord | undefined, thresholds = ALL): string[] =>
  compareScans(now, { before, old: before }, thresholds).map(({ subject }) => subject);

test('a table that is gone, one that lost rows and one that lost bytes are told of, and one that lost little is not', () => {
  const before = scan({ gone: 10, rows: 100, bytes: [100, 1000], little: 100, grown: 1 });
  const now = scan({ rows: 79, bytes: [100, 700], little: 80, grown: 1000 });
  expect(subjects(now, before)).toEqual([
    'table main.gone of a.duckdb',
    'table main.rows of a.duckdb',
    'table main.bytes of a.duckdb',
  ]);
  const [gone, rows] = compareScans(now, { before, old: undefined }, ALL);
  expect(gone?.message).toBe(
    'the table main.gone of a.duckdb is gone; it had 10 rows in backup_20260101_000000',
  );
  expect(rows?.message).toContain('has 79 rows and had 100: 21.0 % less');
});

test('a database that does not grow is told of', () => {
  expect(subjects(scan({ t: 5, u: 5 }), scan({ t: 6, u: 4 }))).toEqual(['growth of a.duckdb']);
  expect(subjects(scan({ t: 11 }), scan({ t: 10 }))).toEqual([]);
});

test('nothing is told of what nobody asked for, of a new database, or without an earlier scan', () => {
  const before = scan({ gone: 10, rows: 100 });
  expect(compareScans(scan({ rows: 1 }), { before, old: before }, {})).toEqual([]);
  expect(subjects(scan({ t: 1 }), scan({ t: 9 }, 'b.duckdb'))).toEqual([]);
  expect(subjects(scan({ t: 1 }), undefined)).toEqual([]);
});

test('a table is told of exactly if it lost more than the share', () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(count, count, fc.integer({ min: 0, max: 100 }), (was, is, percent) => {
      const thresholds = { tableVanished: false, tableShrankPercent: percent, notGrownForMs: 1 };
      const told = compareScans(scan({ t: is }), { before: scan({ t: was }), old: undefined }, thresholds);
      expect(told.length > 0).toBe(is < was && (was - is) * 100 > was * percent);
    }),
  );
});
