/** What stands at X while its files are exchanged: see switch-sets.ts. */
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';

import { writeDurably } from './journal.ts';
import type { RestoreSite } from './restore-site.ts';

const GUARD_TEXT = 'QUACKUP: a restore of this database has not been finished.\n';

/** More than any guard has, less than the 12 KiB that every database of DuckDB's has. */
const LONGEST_GUARD = 8192;

/** Writes it beside X. */
export async function writeGuard(site: RestoreSite, suffix: string): Promise<void> {
  await rm(site.guard, { force: true });
  await writeDurably(
    site.guard,
    `${GUARD_TEXT}Run any "quackup restore" to this place, and it is finished or undone first. The old database is kept as ${site.path}${suffix}.\n`,
  );
}

/** Whether this is the guard, or the empty file that claims its place where hard links are not known. */
export async function isGuard(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
    const entry = await lstat(path);
    // A database is not opened: if this process has it open as well, closing it here would give up its lock.
    if (!entry.isFile() || entry.size > LONGEST_GUARD) return false;
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(GUARD_TEXT.length);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytesRead === 0 || bytes.toString('latin1') === GUARD_TEXT;
  } finally {
    await file.close();
  }
}
