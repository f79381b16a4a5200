/**
 * Imports what other tools left as backups of their own time: found, unpacked, proven, stored.
 *
 *     candidates -> each, oldest first: unpack to a scratch folder -> check files, let DuckDB read a copy -> backup
 *
 * Each is a backup by itself, so one that is bad does not stop the others, and a run that is cut off goes on when it is
 * repeated: what is there already is known again.
 */
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { backupName } from '../format/backup-name.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { TargetClient } from '../target/target-client.ts';
import type { ImportedDatabase, ImportItem, ImportOptions, ImportReport } from './api.ts';
import { findCandidates } from './find-candidates.ts';
import { findImported, fingerprint } from './fingerprint.ts';
import { openImport } from './open-import.ts';
import type { OpenedImport } from './opened-import.ts';
import { storeImport } from './store-import.ts';

/**
 * Imports a file, or everything in a folder. Nothing is changed where it comes from.
 *
 * @returns what became of each. Failures are in the report.
 * @throws IMPORT_NOTHING if there is nothing that can be imported.
 * @throws USAGE if `time` or `as` is given for what it cannot be of.
 */
export async function importBackups(options: ImportOptions): Promise<ImportReport> {
  const { path, time, dryRun = false } = options;
  const startedMs = performance.now();
  const { found, skipped } = await findCandidates(path);
  if (time !== undefined && found.length > 1) {
    throw new QuackupError(
      'USAGE',
      `${path} holds ${found.length} backups, which cannot all be of one time`,
      {
        hint: 'import them one by one with --time, or leave it out',
      },
    );
  }
  const opened: OpenedImport[] = [];
  const imports: ImportItem[] = [];
  for (const candidate of found) {
    options.signal?.throwIfAborted();
    try {
      opened.push(await openImport(candidate, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof QuackupError && error.code === 'USAGE') throw error;
      const { kind, path: source } = candidate;
      imports.push({ source, kind, ...failed(error), databases: [], targets: [], notes: [] });
    }
  }
  // The oldest first: each can then build upon the one before.
  for (const each of opened.toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime())) {
    imports.push(await importOne(each, options));
  }
  return { imports, skipped, dryRun, durationMs: Math.round(performance.now() - startedMs) };
}

const failed = (error: unknown): Pick<ImportItem, 'status' | 'error'> => ({
  status: 'failed',
  error: failureReport(error),
});

async function importOne(opened: OpenedImport, options: ImportOptions): Promise<ImportItem> {
  const { kind, source, createdAt, notes } = opened;
  const { signal, dryRun, clock = systemClock } = options;
  const base = { source, kind, createdAt: createdAt.toISOString(), notes };
  const planned = opened.databases.map((database): ImportedDatabase => ({ ...database, status: 'ok' }));
  try {
    if (!(createdAt <= clock.now())) {
      throw new QuackupError(
        'IMPORT_REFUSED',
        `${source} would be a backup of the future, ${base.createdAt}`,
        {
          hint: 'say when it was made with --time',
        },
      );
    }
    const sha256 = await fingerprint(opened.files, { signal });
    const there = await findOnTargets(options, createdAt, sha256);
    const missing = options.targets.filter(({ name }) => !there.has(name));
    const [present] = there.values();
    if (missing.length === 0 && present !== undefined)
      return { ...base, status: 'present', backup: present, databases: planned, targets: [] };
    if (dryRun === true)
      return {
        ...base,
        status: 'planned',
        backup: backupName(createdAt, 1),
        databases: planned,
        targets: [],
      };
    return { ...base, ...(await storeImport(opened, options, missing, sha256)) };
  } catch (error) {
    signal?.throwIfAborted();
    const databases = opened.databases.map(({ name, path }) => ({ name, path, status: 'failed' as const }));
    return { ...base, ...failed(error), databases, targets: [] };
  }
}

/** The names of the backups that are this import, by target. */
async function findOnTargets(
  { targets, signal, keys }: ImportOptions,
  createdAt: Date,
  sha256: string,
): Promise<ReadonlyMap<string, string>> {
  const there = new Map<string, string>();
  for (const target of targets) {
    const archives = new ArchiveReader(new TargetClient(target, { signal }), keys);
    const found = await findImported(archives, createdAt, sha256);
    if (found !== undefined) there.set(target.name, found.name);
  }
  return there;
}
