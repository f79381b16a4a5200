import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { checkDatabaseName, checkEntryNames, MAX_NAME_BYTES } from '../../src/lib/config/index.ts';

test.for(['results.duckdb', 'ä b.db', '.hidden', 'a..b', '数据.duckdb', 'x'.repeat(MAX_NAME_BYTES)])(
  'the name %j is fine',
  (name) => {
    expect(checkDatabaseName(name)).toBeUndefined();
  },
);

test.for([
  ['', 'is empty'],
  ['.', 'is not the name of a file'],
  ['..', 'is not the name of a file'],
  ['a/b', 'holds a slash or a backslash'],
  ['..\\b', 'holds a slash or a backslash'],
  ['a\0', 'holds a control character'],
  ['a\nb', 'holds a control character'],
  ['a\u009bb', 'holds a control character'],
  ['\ud800', 'is not valid Unicode'],
  ['x'.repeat(MAX_NAME_BYTES + 1), 'is longer than 200 bytes'],
  ['é'.repeat(MAX_NAME_BYTES / 2 + 1), 'is longer than 200 bytes'],
])('the name %j %s', ([name = '', problem]) => {
  expect(checkDatabaseName(name)).toBe(problem);
});

test('names that differ and whose sidecars differ do not conflict', () => {
  expect(checkEntryNames(['a.db', 'b.db', 'a.db2', 'wal', 'index.duckdb'])).toEqual([]);
});

test.for([
  [['a', 'a'], { name: 'a', with: 'a', entry: 'a' }],
  [['Results.db', 'results.DB'], { name: 'results.DB', with: 'Results.db', entry: 'results.DB' }],
  [['\u00e9', 'e\u0301'], { name: 'e\u0301', with: '\u00e9', entry: 'e\u0301' }],
  [['a', 'a.wal'], { name: 'a.wal', with: 'a', entry: 'a.wal' }],
  [['a.wal', 'a'], { name: 'a', with: 'a.wal', entry: 'a.wal' }],
  [['a.WAL.checkpoint', 'A'], { name: 'A', with: 'a.WAL.checkpoint', entry: 'A.wal.checkpoint' }],
  [['a', 'a.wal.recovery'], { name: 'a.wal.recovery', with: 'a', entry: 'a.wal.recovery' }],
  [['a.blocks', 'a'], { name: 'a', with: 'a.blocks', entry: 'a.blocks' }],
  [['index'], { name: 'index', entry: 'index' }],
  [['Backup_Metadata.json'], { name: 'Backup_Metadata.json', entry: 'Backup_Metadata.json' }],
] as const)('%j fall together', ([names, conflict]) => {
  expect(checkEntryNames(names)).toEqual([conflict]);
});

test('names without a conflict have entries that are all different, folded', () => {
  const name = fc.stringMatching(/^[aAb](\.wal|\.WAL)?(\.checkpoint|\.recovery|\.blocks)?$/);
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), (names) => {
      const entries = names.flatMap((each) =>
        ['', '.blocks', '.wal', '.wal.checkpoint', '.wal.recovery'].map((suffix) =>
          `${each}${suffix}`.toLowerCase(),
        ),
      );
      expect(checkEntryNames(names).length === 0).toBe(new Set(entries).size === entries.length);
    }),
  );
});
