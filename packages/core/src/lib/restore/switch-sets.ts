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
 * A crash before 5 is undone by the next run, a crash after it has only the journal left to remove. Whoever opens X in
 * between sees the old set, an error that names this file, or the new set; never a mixture.
 */
import { type FileHandle, link, open, rename, rm, unlink } from 'node:fs/promises';

import type { FileRole } from '../format/schema.ts';
import { FILE_ROLES, SIDECAR_ROLES } from '../snapshot/database-files.ts';
import { isWithoutHardLinks, readJournal, removeDrafts, updateJournal, writeDurably } from './journal.ts';
import { exists, type Journal, type RestoreSite } from './restore-site.ts';
import { syncFolder } from './sync-folder.ts';

const GUARD_TEXT = 'QUACKUP: a restore of this database has not been finished.\n';

/**
 * Switches to the new set, which has been written and synced.
 *
 * @returns the paths of the old set's files by now.
 */
export async function switchSets(site: RestoreSite, journal: Journal): Promise<string[]> {
  const { suffix, oldFiles, newFiles } = journal;
  await rm(site.guard, { force: true });
  await writeDurably(
    site.guard,
    `${GUARD_TEXT}Run any "quackup restore" to this place, and it is finished or undone first. The old database is kept as ${site.path}${suffix}.\n`,
  );
  await updateJournal(site, { ...journal, phase: 'switching' });
  if (oldFiles.includes('database')) {
    await keepUnder(site.live('database'), site.aside('database', suffix));
    await rename(site.guard, site.live('database'));
  } else {
    await claimName(site.guard, site.live('database'));
  }
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
 * Finishes or undoes what an earlier run was killed in.
 *
 * @returns a sentence that says what was found and done, or undefined if there was nothing.
 * @throws RESTORE_PENDING if that run may still be alive.
 */
export async function recoverSite(site: RestoreSite): Promise<string | undefined> {
  const journal = await readJournal(site);
  await removeDrafts(site);
  if (journal === undefined) return undefined;
  if (journal === 'unreadable' || journal.phase === 'writing') {
    await removeTraces(site);
    return `a restore to ${site.path} had been cut off while it was written; the database is as it was before`;
  }
  return (await settleSwitch(site, journal)) === 'new'
    ? `a restore of ${journal.backup} to ${site.path} had been cut off at its very end; the restored database is in place`
    : `a restore of ${journal.backup} to ${site.path} had been cut off; the database is again as it was before`;
}

/**
 * Ends a switch that stopped anywhere: keeps the new set if it is in place, brings the old one back otherwise. Can be
 * repeated.
 *
 * @returns which set is in place now.
 */
export async function settleSwitch(site: RestoreSite, { suffix, oldFiles }: Journal): Promise<'old' | 'new'> {
  if (!(await exists(site.fresh('database')))) {
    // It is in place; or an earlier undoing was cut off when it had only its traces left to remove.
    const placed = await exists(
      oldFiles.includes('database') ? site.aside('database', suffix) : site.live('database'),
    );
    await removeTraces(site);
    return placed ? 'new' : 'old';
  }
  // The guard stays at X until everything else is back.
  for (const role of SIDECAR_ROLES) {
    if (await exists(site.aside(role, suffix))) await rename(site.aside(role, suffix), site.live(role));
    else if (!oldFiles.includes(role)) await rm(site.live(role), { force: true });
  }
  await syncFolder(site.folder);
  const aside = site.aside('database', suffix);
  if (await exists(aside)) {
    await rename(aside, site.live('database'));
    // Two names of one file: such a rename does nothing and leaves both.
    await rm(aside, { force: true });
  } else if (!oldFiles.includes('database') && (await isOurs(site.live('database')))) {
    await unlink(site.live('database'));
  }
  await syncFolder(site.folder);
  await removeTraces(site);
  return 'old';
}

/** Removes everything of a restore that is over but the old set: the journal last. */
export async function removeTraces(site: RestoreSite): Promise<void> {
  for (const role of FILE_ROLES) await rm(site.fresh(role), { force: true });
  await rm(site.guard, { force: true });
  await rm(`${site.journal}.${process.pid}`, { force: true });
  await syncFolder(site.folder);
  await rm(site.journal, { force: true });
  await syncFolder(site.folder);
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

/** Whether this is the guard, or the empty file that claims its place where hard links are not known. */
async function isOurs(path: string): Promise<boolean> {
  let file: FileHandle;
  try {
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
