/** Finds what can be imported, by what files begin with and never by their names alone. Reads a few bytes of each. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { HEAD_SIZE, parseHead } from '@quackup/duckdb-file';

import { QuackupError } from '../errors.ts';
import { FILE_ROLES, filePath } from '../snapshot/database-files.ts';
import { readFully } from '../snapshot/read-fully.ts';
import type { ImportKind, ImportReport } from './api.ts';

export interface Candidate {
  readonly kind: ImportKind;
  /** Absolute. */
  readonly path: string;
}

export interface Candidates {
  readonly found: readonly Candidate[];
  readonly skipped: ImportReport['skipped'];
}

const SIDECAR = /\.wal(?:\.checkpoint|\.recovery)?$/;
const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * What `path` stands for: itself, or, if it is a folder and no export, what lies in it (not below it, but for exports).
 *
 * @throws IMPORT_NOTHING if there is nothing there that can be imported.
 */
export async function findCandidates(path: string): Promise<Candidates> {
  const itself = await look(path);
  if ('kind' in itself) return { found: [itself], skipped: [] };
  if (!itself.isFolder) throw nothing(`${path} cannot be imported: ${itself.reason}`);
  const found: Candidate[] = [];
  const skipped: { path: string; reason: string }[] = [];
  for (const name of (await readdir(path)).toSorted()) {
    if (name.startsWith('.')) continue;
    const each = await look(join(path, name));
    if ('kind' in each) found.push(each);
    // A sidecar goes with its database.
    else if (!(await isTaken(join(path, name))))
      skipped.push({ path: join(path, name), reason: each.reason });
  }
  if (found.length > 0) return { found, skipped };
  throw nothing(`there is nothing in ${path} that can be imported`);
}

type Unknown = { readonly isFolder: boolean; readonly reason: string };

async function look(path: string): Promise<Candidate | Unknown> {
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) {
      const names = new Set(await readdir(path));
      if (names.has('schema.sql') && names.has('load.sql')) return { kind: 'export', path };
      return { isFolder: true, reason: 'a folder without schema.sql and load.sql; import it by itself' };
    }
    if (!stats.isFile()) return unknown('it is not a file');
    return await lookInto(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return unknown(code === 'ENOENT' ? 'it does not exist' : message);
  }
}

async function lookInto(path: string): Promise<Candidate | Unknown> {
  if (SIDECAR.test(path)) return unknown('it is a part of a database; name the database itself');
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(HEAD_SIZE);
    const head = bytes.subarray(0, await readFully(file, bytes, HEAD_SIZE, 0));
    if (head.subarray(0, 2).equals(GZIP)) return { kind: 'openquant', path };
    if (isDatabase(head)) return { kind: 'copy', path };
    return unknown('it is neither a tar.gz archive nor a DuckDB database');
  } finally {
    await file.close();
  }
}

/** Also one that is damaged: then the import says how. */
function isDatabase(head: Buffer): boolean {
  try {
    parseHead(head);
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== 'NOT_DUCKDB';
  }
}

const unknown = (reason: string): Unknown => ({ isFolder: false, reason });

/** Whether a file is the sidecar of a database that is there. */
async function isTaken(path: string): Promise<boolean> {
  for (const role of FILE_ROLES) {
    const database = path.replace(SIDECAR, '');
    if (role === 'database' || filePath(database, role) !== path) continue;
    return 'kind' in (await look(database));
  }
  return false;
}

function nothing(message: string): QuackupError {
  return new QuackupError('IMPORT_NOTHING', message, {
    hint: 'name a backup_*.tar.gz of OpenQuant, a folder that EXPORT DATABASE wrote, a copied database file, or a folder of these',
  });
}
