import * as fc from 'fast-check';
import { isObjectKey } from '@quackup/target-api';
import { expect, test } from 'vitest';

import {
  archiveKey,
  ARCHIVE_EXTENSIONS,
  backupName,
  isBackupName,
  manifestKey,
  roleOfKey,
  startOfBackupName,
  verifiedKey,
} from '../../src/lib/format/backup-name.ts';

const start = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59Z'),
  noInvalidDate: true,
});

test('a name tells its start to the second, and its keys tell their roles', () => {
  fc.assert(
    fc.property(start, fc.integer({ min: 1, max: 99_999 }), (date, ordinal) => {
      const name = backupName(date, ordinal);
      expect(isBackupName(name)).toBe(true);
      expect(startOfBackupName(name)?.getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
      expect(roleOfKey(manifestKey(name))).toEqual({ role: 'manifest', backup: name });
      expect(roleOfKey(verifiedKey(name))).toEqual({ role: 'verified', backup: name });
      for (const extension of ARCHIVE_EXTENSIONS) {
        const key = archiveKey(name, extension);
        expect(isObjectKey(key)).toBe(true);
        expect(roleOfKey(key)).toEqual({ role: 'archive', backup: name });
      }
    }),
  );
});

test('two backups never have one name', () => {
  const pair = fc.tuple(start, fc.integer({ min: 1, max: 999 }));
  fc.assert(
    fc.property(pair, pair, ([a, i], [b, j]) => {
      const same = Math.floor(a.getTime() / 1000) === Math.floor(b.getTime() / 1000) && i === j;
      expect(backupName(a, i) === backupName(b, j)).toBe(same);
    }),
  );
});

test.each([
  'backup_20260101_000000.json.tmp',
  'leases/backup_20260101_000000.json',
  'backup_x.json',
  'notes.tar',
  '',
])('the key %j is foreign and stays untouched', (key) => {
  expect(roleOfKey(key)).toEqual({ role: 'foreign' });
});

test.each([
  'backup_20260101_000000_0',
  'backup_20260101_000000_1x',
  'backup_2026_1',
  '../backup_20260101_000000',
  'backup_20260101_000000\n',
])('%j is no name of a backup', (name) => {
  expect(isBackupName(name)).toBe(false);
  expect(startOfBackupName(name)).toBeUndefined();
});
