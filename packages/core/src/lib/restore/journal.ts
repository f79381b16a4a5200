import { link, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

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
  const draft = draftOf(site, journal);
  let claimed = false;
  try {
    await rm(draft, { force: true });
    await writeDurably(draft, JSON.stringify(journal));
    await claim(site, draft, () => (claimed = true));
    await rm(draft, { force: true });
    await syncFolder(site.folder);
  } catch (error) {
    await rm(draft, { force: true });
    if (claimed) await rm(site.journal, { force: true });
    throw error;
  }
}

/** Gives the draft the journal's name, if nobody has it. */
async function claim(site: RestoreSite, draft: string, onClaimed: () => void): Promise<void> {
  const taken = (): QuackupError => pending(site, 'another restore has just begun there');
  try {
    await link(draft, site.journal);
    onClaimed();
  } catch (error) {
    if (isCode(error, 'EEXIST')) throw taken();
    if (!isWithoutHardLinks(error)) throw error;
    // Exclusive creation claims as well, though not in one step with the content.
    try {
      const file = await open(site.journal, 'wx', 0o600);
      onClaimed();
      await file.close();
    } catch (second) {
      throw isCode(second, 'EEXIST') ? taken() : second;
    }
    await rename(draft, site.journal);
  }
}

/** Replaces the journal in one step. */
export async function updateJournal(site: RestoreSite, journal: Journal): Promise<void> {
  const draft = draftOf(site, journal);
  await rm(draft, { force: true });
  await writeDurably(draft, JSON.stringify(journal));
  await rename(draft, site.journal);
  await syncFolder(site.folder);
}

const draftOf = (site: RestoreSite, { holder }: Journal): string => `${site.journal}.${holder.pid}`;

/** Removes drafts of journals that killed runs have left. */
export async function removeDrafts(site: RestoreSite): Promise<void> {
  const prefix = `${basename(site.journal)}.`;
  for (const name of await readdir(site.folder)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (Number.isInteger(pid) && pid > 0 && !isRunning(pid)) {
      await rm(join(site.folder, name), { force: true });
    }
  }
}

/** Whether there is a process of this number, of whichever program. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isCode(error, 'ESRCH');
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;

/** Whether a link failed because the file system knows none. */
export const isWithoutHardLinks = (error: unknown): boolean =>
  ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].some((code) => isCode(error, code));

/**
 * The journal that an earlier restore left, or undefined.
 *
 * @throws RESTORE_PENDING if that restore may still be running, or another version has written the journal.
 */
export async function readJournal(site: RestoreSite): Promise<Journal | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(site.journal, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Cut off while it was created, which is before anything else was touched: later changes replace it in one step.
    return 'unreadable';
  }
  const { success, data: journal } = journalSchema.safeParse(content);
  if (!success) throw ofAnotherVersion(site);
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

function ofAnotherVersion(site: RestoreSite): QuackupError {
  return new QuackupError(
    'RESTORE_PENDING',
    `${site.path} cannot be restored now: a restore by another version of Quackup has not been finished there; nothing was touched`,
    { hint: 'run "quackup restore" of that version to this place: it finishes or undoes it first' },
  );
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
