import { KNOWN_STORAGE_VERSIONS } from '@quackup/duckdb-file';

import type { DatabaseFileFacts } from '../probes/database-facts.ts';
import { ok, type Verdict, warn } from '../check.ts';

export function judgeDatabaseVersion({ head: { main, layout } }: Pick<DatabaseFileFacts, 'head'>): Verdict {
  const { storageVersion, libraryVersion } = main;
  if (layout.kind === 'opaque' && layout.reason === 'newer-storage-version') {
    return warn(
      `its storage version ${storageVersion} needs a newer DuckDB than the one here, which reads up to ${KNOWN_STORAGE_VERSIONS.max}: it is backed up only while nothing writes it, and no backup of it can be verified by a scan`,
      'install a newer version of Quackup',
    );
  }
  const encrypted =
    layout.kind === 'opaque' ? '; encrypted: its blocks cannot be checked without the key' : '';
  return ok(`storage version ${storageVersion}, made by DuckDB ${libraryVersion}${encrypted}`);
}
