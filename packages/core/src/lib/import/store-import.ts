import type { BackupOptions, DatabaseReport, DatabaseSource, NamedTarget } from '../api.ts';
import { storeBackup } from '../backup/create-backup.ts';
import { failureReport } from '../failure-report.ts';
import { ScratchFolder } from '../process/scratch-folder.ts';
import { openSnapshot } from '../snapshot/open-snapshot.ts';
import type { ImportedDatabase, ImportItem, ImportOptions } from './api.ts';
import { importedFrom } from './fingerprint.ts';
import { makeReady, type ReadyImport } from './make-ready.ts';
import type { OpenedImport } from './opened-import.ts';

type Stored = Omit<ImportItem, 'source' | 'kind' | 'createdAt'>;

/**
 * Unpacks, proves and stores what was opened. Databases that are bad are left out, and reported.
 *
 * @throws what is wrong with all of it, or with every target.
 */
export async function storeImport(
  opened: OpenedImport,
  options: ImportOptions,
  targets: readonly NamedTarget[],
  sha256: string,
): Promise<Stored> {
  await using scratch = await ScratchFolder.create(options.tempDir);
  const ready = await makeReady(opened, scratch, options);
  const notes = [...new Set([...opened.notes, ...ready.notes])];
  const sources = opened.databases.map(({ name, path }): DatabaseSource => ({ name, path }));
  if (ready.good.size === 0) return nothingGood(sources, ready, notes);
  const { createdAt, source } = opened;
  // What it holds is of the past: the next backup builds upon the last one that was made here.
  const { memoryDir: _memory, ...how }: ImportOptions & Pick<BackupOptions, 'memoryDir'> = options;
  const made = await storeBackup(
    // One after another: what is of one moment has that from where it comes.
    { ...how, databases: sources, targets, sameMoment: false },
    {
      createdAt,
      open: async ({ name }, snapshotOptions) => {
        const good = ready.good.get(name);
        if (good === undefined) throw ready.bad.get(name) ?? new Error(`nothing is known of ${name}`);
        const snapshot = await openSnapshot({ name, path: good.path }, snapshotOptions);
        const { warnings = [] } = snapshot.facts;
        const facts = { ...snapshot.facts, warnings: [importedFrom(source, sha256), ...warnings] };
        return { ...snapshot, takenAt: createdAt, facts };
      },
    },
  );
  const well = [...made.databases, ...made.targets].every(({ status }) => status === 'ok');
  return {
    status: well ? 'imported' : 'failed',
    backup: made.backup,
    databases: made.databases.map((database) => importedDatabase(database, ready)),
    archiveBytes: made.archiveBytes,
    targets: made.targets,
    notes,
  };
}

function importedDatabase(
  { name, path, status, sizeBytes, error }: DatabaseReport,
  { good }: ReadyImport,
): ImportedDatabase {
  const tables = good.get(name)?.proof.scanned.tables ?? [];
  return {
    name,
    path,
    status,
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(status === 'ok' && {
      tables: tables.length,
      rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    }),
    ...(error !== undefined && { error }),
  };
}

function nothingGood(
  sources: readonly DatabaseSource[],
  { bad }: ReadyImport,
  notes: readonly string[],
): Stored {
  return {
    status: 'failed',
    databases: sources.map(({ name, path }) => ({
      name,
      path,
      status: 'failed',
      error: failureReport(bad.get(name)),
    })),
    targets: [],
    notes,
  };
}
