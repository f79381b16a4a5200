import { link, open, readFile, rename, rm } from 'node:fs/promises';

import { QuackupError } from '../errors.ts';
import { isKnownDead } from '../process/holder.ts';
import { type Journal, journalSchema, type RestoreSite } from './restore-site.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Claims a place for a restore: puts the journal there, if there is none.
 *
 * @throws RESTORE_PENDING if there is one.
 */
export async function claimSite(site: RestoreSite, journal: Journal): Promise<void> {
  const temporary = `${site.journal}.${journal.holder.pid}`;
  await writeDurably(temporary, JSON.stringify(journal));
  try {
    await link(temporary, site.journal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw pending(site, 'another restore has just begun there');
    // File systems without hard links: exclusive creation claims as well, though not in one step with the content.
    await writeDurably(site.journal, JSON.stringify(journal));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(site.folder);
}

/** Replaces the journal in one step. */
export async function updateJournal(site: RestoreSite, journal: Journal): Promise<void> {
  const temporary = `${site.journal}.${journal.holder.pid}`;
  await rm(temporary, { force: true });
  await writeDurably(temporary, JSON.stringify(journal));
  await rename(temporary, site.journal);
  await syncFolder(site.folder);
}

/**
 * The journal that an earlier restore left, or undefined.
 *
 * @throws RESTORE_PENDING if that restore may still be running.
 */
export async function readJournal(site: RestoreSite): Promise<Journal | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(site.journal, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let journal: Journal;
  try {
    journal = journalSchema.parse(JSON.parse(text));
  } catch {
    // Cut off while it was created, which is before anything else was touched: later changes replace it in one step.
    return 'unreadable';
  }
  if (await isKnownDead(journal.holder)) return journal;
  throw pending(
    site,
    `process ${journal.holder.pid} on ${journal.holder.place.split(' ')[0]} is restoring ${journal.backup} there`,
  );
}

function pending(site: RestoreSite, why: string): QuackupError {
  return new QuackupError('RESTORE_PENDING', `${site.path} cannot be restored now: ${why}`, {
    hint: `wait for it to end; if that process is gone for good, see docs/errors/RESTORE_PENDING.md`,
  });
}

/** Writes a new file and syncs it. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
