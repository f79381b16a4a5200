import { open, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/** Folders below the first one that are looked into, one in another. */
const MAX_DEPTH = 3;
/** A home folder has a million files; whoever keeps databases there can type their paths. */
const MAX_ENTRIES = 5_000;
const MAX_FOUND = 50;
const NEVER_LOOKED_INTO = new Set(['node_modules']);

/** Every DuckDB database begins with these four bytes behind a checksum. */
const MAGIC = Buffer.from('DUCK', 'latin1');
const MAGIC_OFFSET = 8;

export interface FoundDatabase {
  /** Relative to the folder that was searched, with slashes. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** The DuckDB databases in a folder and a few levels below it, by what the files begin with; not in hidden folders. */
export async function findDatabases(folder: string): Promise<readonly FoundDatabase[]> {
  const found: FoundDatabase[] = [];
  let level = [folder];
  let entries = 0;
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth += 1) {
    const below: string[] = [];
    for (const parent of level) {
      for (const entry of await readdir(parent, { withFileTypes: true }).catch(() => [])) {
        entries += 1;
        if (entries > MAX_ENTRIES || found.length >= MAX_FOUND) return found;
        const path = join(parent, entry.name);
        if (entry.name.startsWith('.') || NEVER_LOOKED_INTO.has(entry.name)) continue;
        if (entry.isDirectory()) below.push(path);
        else if (entry.isFile()) {
          const sizeBytes = await sizeOfDatabase(path);
          const name = relative(folder, path).replaceAll(sep, '/');
          if (sizeBytes !== undefined) found.push({ path: name, sizeBytes });
        }
      }
    }
    level = below;
  }
  return found;
}

/** Undefined if it is none, cannot be read, or was moved aside by a restore. */
async function sizeOfDatabase(path: string): Promise<number | undefined> {
  if (/\.bak-\d/.test(path)) return undefined;
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(MAGIC.length);
    await file.read(bytes, 0, bytes.length, MAGIC_OFFSET);
    return bytes.equals(MAGIC) ? (await file.stat()).size : undefined;
  } finally {
    await file.close();
  }
}
