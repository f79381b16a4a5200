/**
 * Finishes or undoes a restore that stopped in the middle. Between then and now somebody may have worked at X: whatever is
 * there and is not the guard is somebody's database, and neither it nor the WAL beside it is touched.
 */
import { rename, rm, unlink } from 'node:fs/promises';

import { QuackupError } from '../errors.ts';
import { fileState, FILE_ROLES, isSameFileIdentity, SIDECAR_ROLES } from '../snapshot/database-files.ts';
import { isGuard } from './guard.ts';
import { readJournal, removeDrafts } from './journal.ts';
import { exists, type Journal, type RestoreSite } from './restore-site.ts';
import { syncFolder } from './sync-folder.ts';

/** Which set is at X: the old one, the new one, or one that somebody has put there since. */
export type InPlace = 'old' | 'new' | 'other';

/**
 * Finishes or undoes what an earlier run was killed in.
 *
 * @returns a sentence that says what was found and done, or undefined if there was nothing.
 * @throws RESTORE_PENDING if that run may still be alive, or its journal does not say what to do.
 */
export async function recoverSite(site: RestoreSite): Promise<string | undefined> {
  const journal = await readJournal(site);
  await removeDrafts(site);
  if (journal === undefined) return undefined;
  if (journal === 'unreadable' && (await isGuard(site.path))) throw withoutJournal(site);
  if (journal === 'unreadable' || journal.phase === 'writing') {
    await removeTraces(site);
    return `a restore to ${site.path} had been cut off while it was written; the database is as it was before`;
  }
  const what = `a restore of ${journal.backup} to ${site.path} had been cut off`;
  const inPlace = await settleSwitch(site, journal);
  if (inPlace === 'new') return `${what} at its very end; the restored database is in place`;
  if (inPlace === 'old') return `${what}; the database is again as it was before`;
  const kept = await asideFiles(site, journal);
  const where = kept.length === 0 ? '' : `; what was there before is kept as ${kept.join(' and ')}`;
  return `${what}; a database that has since been put there was left alone${where}`;
}

/**
 * Ends a switch that stopped anywhere: keeps the new set if it is in place, brings the old one back otherwise, unless
 * somebody has put a database there meanwhile. Can be repeated.
 *
 * @returns which set is in place now.
 */
export async function settleSwitch(site: RestoreSite, journal: Journal): Promise<InPlace> {
  const { suffix, oldFiles } = journal;
  const live = site.live('database');
  const aside = site.aside('database', suffix);
  const guarded = await isGuard(live);
  if (!guarded && !(await exists(site.fresh('database')))) {
    // It is in place; or an earlier undoing was cut off when it had only its traces left to remove.
    const placed = await exists(oldFiles.includes('database') ? aside : live);
    await removeTraces(site);
    return placed ? 'new' : 'old';
  }
  if (!guarded && (await exists(live))) {
    // Its second name, if the switch stopped between giving it one and the guard.
    if (await isOneFile(aside, live)) await rm(aside, { force: true });
    const isOther = !oldFiles.includes('database') || (await asideFiles(site, journal)).length > 0;
    await removeTraces(site);
    return isOther ? 'other' : 'old';
  }
  await undoSwitch(site, journal);
  await removeTraces(site);
  return 'old';
}

/** Brings the old set back to where the guard is, or nothing. The guard stays until everything else is back. */
async function undoSwitch(site: RestoreSite, { suffix, oldFiles, newFiles }: Journal): Promise<void> {
  for (const role of SIDECAR_ROLES) {
    if (await exists(site.aside(role, suffix))) {
      await rename(site.aside(role, suffix), site.live(role));
    } else if (
      // Only what the switch itself has put there.
      newFiles.includes(role) &&
      !oldFiles.includes(role) &&
      !(await exists(site.fresh(role)))
    ) {
      await rm(site.live(role), { force: true });
    }
  }
  await syncFolder(site.folder);
  const live = site.live('database');
  const aside = site.aside('database', suffix);
  if (await exists(aside)) {
    await rename(aside, live);
    // Two names of one file: such a rename does nothing and leaves both.
    await rm(aside, { force: true });
  } else if (!oldFiles.includes('database') && (await isGuard(live))) {
    await unlink(live);
  }
  await syncFolder(site.folder);
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

/** The files of the old set that are aside. */
export async function asideFiles(site: RestoreSite, { suffix }: Journal): Promise<string[]> {
  const paths: string[] = [];
  for (const role of FILE_ROLES) {
    const path = site.aside(role, suffix);
    if (await exists(path)) paths.push(path);
  }
  return paths;
}

/** Somebody, or a disk that was damaged, has changed the journal after the switch had begun. */
function withoutJournal(site: RestoreSite): QuackupError {
  return new QuackupError(
    'RESTORE_PENDING',
    `${site.path} cannot be restored now: a restore has not been finished there, and its journal ${site.journal} cannot be read; nothing was touched`,
    {
      hint: `rename the newest ${site.path}.bak-... to ${site.path}, and its .wal with it, then remove the journal`,
    },
  );
}

/** Whether two names are of one file. */
async function isOneFile(first: string, second: string): Promise<boolean> {
  const state = await fileState(first);
  return state !== undefined && isSameFileIdentity(state, await fileState(second));
}
