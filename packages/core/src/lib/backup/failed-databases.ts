import { failureReport } from '../failure-report.ts';
import type { ManifestContent } from '../format/manifest.ts';
import type { BackupRun } from './backup-run.ts';

/** The databases that are not in the backup, as the archive and the manifest name them. */
export function failedDatabases({ options, failed }: BackupRun): ManifestContent['failed'] {
  return options.databases
    .filter(({ name }) => failed.has(name))
    .map(({ name, path }) => {
      const { code, message } = failureReport(failed.get(name));
      return { name, path, code, message };
    });
}
