import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

const SIDECARS = ['', '.wal', '.wal.checkpoint', '.wal.recovery'] as const;

/** SHA-256 of a file, undefined if there is none. */
export async function hashOf(path: string): Promise<string | undefined> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Hashes of the four files of a database, by what follows its name. Those that are missing have no entry. */
export async function databaseHashes(path: string): Promise<Readonly<Record<string, string>>> {
  const hashes: Record<string, string> = {};
  for (const ending of SIDECARS) {
    const hash = await hashOf(`${path}${ending}`);
    if (hash !== undefined) hashes[ending] = hash;
  }
  return hashes;
}

/** Every file below a folder: what is in it, and when it was changed. Equal only if nobody has touched anything. */
export async function fingerprint(folder: string): Promise<readonly string[]> {
  return await Promise.all(
    (await filesBelow(folder)).map(async (name) => {
      const path = join(folder, name);
      const { mtimeNs, mode, ino } = await stat(path, { bigint: true });
      return [name, ino, mode, mtimeNs, await hashOf(path)].join(' ');
    }),
  );
}

/** Every file below a folder, as relative paths in order; none if it is not there. Folders count only by what is in them. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
