import { basename } from 'node:path';

import { QuackupError } from '../errors.ts';
import type { ImportOptions } from './api.ts';
import type { Candidate } from './find-candidates.ts';
import { openCopy, plannedDatabase } from './open-copy.ts';
import { openExport } from './open-export.ts';
import { openOpenQuant } from './open-openquant.ts';
import type { OpenedImport } from './opened-import.ts';

/** Looks at a candidate by its kind. @throws as {@link openOpenQuant}, {@link openExport} and {@link openCopy}. */
export async function openImport(
  { kind, path }: Candidate,
  { baseDir, time, as, known = [] }: ImportOptions,
): Promise<OpenedImport> {
  if (kind === 'openquant') {
    if (as !== undefined) {
      throw new QuackupError('USAGE', `${path} says itself which databases are in it`, {
        hint: 'leave --as out',
      });
    }
    return openOpenQuant(path, { baseDir, time });
  }
  const options = { known, ...(as !== undefined && { as }) };
  if (kind === 'copy')
    return openCopy(path, { time, database: plannedDatabase(basename(path), path, options) });
  const fileName = `${basename(path)}.duckdb`;
  return openExport(path, { time, database: plannedDatabase(fileName, `${path}.duckdb`, options) });
}
