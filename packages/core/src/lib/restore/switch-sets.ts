/**
 * Puts a new set of files in the place of the old one. Four files cannot be renamed in one step, and X without its WAL,
 * or with the WAL of another state, opens without a complaint. So a guard stands at X meanwhile: a text that no
 * version of DuckDB opens (tried with 1.1 to 1.5, reading and writing: "not a valid DuckDB database file", and no file
 * is touched). X is never missing either: DuckDB would create an empty one and delete the WAL.
 *
 *     1  link X -> X.bak-T            the old database has both names
 *     2  rename guard -> X            from here on every open fails
 *     3  rename X.wal... -> X.bak-T.wal...
 *     4  rename X.quackup-new.wal... -> X.wal...
 *     5  rename X.quackup-new -> X    the new set is in place: the moment of the switch
 *
 * A crash before 5 is undone by the next run, a crash after it has only the journal left to remove: settle-switch.ts.
 * Whoever opens X in between sees the old set, an error that names this file, or the new set; never a mixture.
 */
import { link, open, rename, unlink } from 'node:fs/promises';

import type { FileRole } from '../format/schema.ts';
import { FILE_ROLES, SIDECAR_ROLES } from '../snapshot/database-files.ts';
import { writeGuard } from './guard.ts';
import { isWithoutHardLinks, updateJournal } from './journal.ts';
import { refuseHeld } from './refuse-held.ts';
import { exists, type Journal, type RestoreSite } from './restore-site.ts';
import { removeTraces } from './settle-switch.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Switches to the new set, which has been written and synced.
 *
 * @returns the paths of the old set's files by now.
 * @throws DATABASE_IN_USE if a process has opened the old database since it was last looked at. This, like every other
 *   error, leaves a switch that has to be settled: see settle-switch.ts.
 */
export async function switchSets(site: RestoreSite, journal: Journal): Promise<string[]> {
  const { suffix, newFiles } = journal;
  await writeGuard(site, suffix);
  await updateJournal(site, { ...journal, phase: 'switching' });
  if (journal.oldFiles.includes('database')) {
    await keepUnder(site.live('database'), site.aside('database', suffix));
    await rename(site.guard, site.live('database'));
    // Nobody opens X any more; whoever did until now is to be found under the other name.
    await refuseHeld(site.path, site.aside('database', suffix));
  } else {
    await claimName(site.guard, site.live('database'));
  }
  const oldFiles = await recordLateComers(site, journal);
  for (const role of SIDECAR_ROLES) {
    if (oldFiles.includes(role)) await rename(site.live(role), site.aside(role, suffix));
  }
  await syncFolder(site.folder);
  for (const role of SIDECAR_ROLES) {
    if (newFiles.includes(role)) await rename(site.fresh(role), site.live(role));
  }
  await syncFolder(site.folder);
  await rename(site.fresh('database'), site.live('database'));
  await syncFolder(site.folder);
  await removeTraces(site);
  return oldFiles.map((role) => site.aside(role, suffix));
}

/**
 * Looks at the old set's sidecars again, now that no more can come or go: a process may have opened the database since
 * they were last looked at, and be gone. The journal has to name them before any is moved.
 */
async function recordLateComers(site: RestoreSite, journal: Journal): Promise<FileRole[]> {
  const sidecars: FileRole[] = [];
  for (const role of SIDECAR_ROLES) if (await exists(site.live(role))) sidecars.push(role);
  const oldFiles = FILE_ROLES.filter((role) =>
    (role === 'database' ? journal.oldFiles : sidecars).includes(role),
  );
  if (oldFiles.join(' ') !== journal.oldFiles.join(' ')) {
    await updateJournal(site, { ...journal, phase: 'switching', oldFiles });
  }
  return oldFiles;
}

/** Gives a file a second name; where hard links are not known, moves it, which leaves X missing for a moment. */
async function keepUnder(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (error) {
    if (!isWithoutHardLinks(error)) throw error;
    await rename(path, name);
  }
}

/** Moves a file to a name that nobody has; fails if somebody has it by now. */
async function claimName(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (error) {
    if (!isWithoutHardLinks(error)) throw error;
    const claimed = await open(name, 'wx', 0o600);
    await claimed.close();
    await rename(path, name);
    return;
  }
  await unlink(path);
}

/** The ending of the old set's names: one that none of them has yet. */
export async function freeSuffix(site: RestoreSite, now: Date): Promise<string> {
  const time = now
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .replace('T', '_');
  for (let ordinal = 1; ; ordinal += 1) {
    const suffix = `.bak-${time}${ordinal > 1 ? `_${ordinal}` : ''}`;
    const taken = await Promise.all(FILE_ROLES.map((role: FileRole) => exists(site.aside(role, suffix))));
    if (!taken.includes(true)) return suffix;
  }
}
