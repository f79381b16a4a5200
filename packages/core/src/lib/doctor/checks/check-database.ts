import type { DatabaseFacts } from '../probes/database-facts.ts';
import { check, type DoctorCheck } from '../check.ts';
import { judgeDatabaseDisk } from './database-disk.ts';
import { judgeDatabaseFile } from './database-file.ts';
import { judgeDatabaseLock } from './database-lock.ts';
import { judgeDatabaseNames } from './database-names.ts';
import { judgeDatabaseRestore } from './database-restore.ts';
import { judgeDatabaseSidecars } from './database-sidecars.ts';
import { judgeDatabaseVersion } from './database-version.ts';
import { judgeDatabaseWal } from './database-wal.ts';

/** All checks of one database. What cannot be asked of a file that cannot be read is left out. */
export function checkDatabase(facts: DatabaseFacts): DoctorCheck[] {
  const { file, name, names } = facts;
  // Which sidecars belong to it cannot be told then.
  const isInDoubt = names.doubt !== undefined;
  const checks = [
    check('database-file', name, judgeDatabaseFile(facts)),
    check('database-names', name, judgeDatabaseNames(facts)),
    check('database-restore', name, judgeDatabaseRestore(facts)),
    ...(isInDoubt ? [] : [check('database-sidecars', name, judgeDatabaseSidecars(facts))]),
  ];
  if ('error' in file) return checks;
  return [
    ...checks,
    check('database-version', name, judgeDatabaseVersion(file)),
    ...(isInDoubt ? [] : [check('database-wal', name, judgeDatabaseWal(facts, file))]),
    check('database-lock', name, judgeDatabaseLock(facts)),
    check('database-disk', name, judgeDatabaseDisk(facts, file)),
  ];
}
