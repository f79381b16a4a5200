/** What the backups on a target say of how well one is protected. */
import type { BackupSummary } from '../../api.ts';
import { isComplete } from '../../retention/index.ts';
import { failed, ok, span, type Verdict, warn } from '../check.ts';

/** @param backups Newest first. */
export function judgeBackupAge(
  backups: readonly BackupSummary[],
  { now, maxAgeMs }: { readonly now: Date; readonly maxAgeMs: number },
): Verdict {
  const hint = 'make one now with quackup backup; quackup daily does it every night if a scheduler runs it';
  const good = backups.find(isComplete);
  if (good === undefined) return failed('there is no complete backup', hint);
  const ageMs = now.getTime() - Date.parse(good.createdAt);
  if (ageMs > maxAgeMs) {
    return failed(
      `the last complete backup, ${good.name}, is ${span(ageMs)} old; ${span(maxAgeMs)} are allowed`,
      hint,
    );
  }
  if (ageMs < -60_000)
    return warn(`the last backup, ${good.name}, is of the future`, 'check the clock of this machine');
  return ok(`the last complete backup, ${good.name}, is ${span(Math.max(0, ageMs))} old`);
}

/** @param databases Names of those of the configuration. */
export function judgeBackupContent(
  backups: readonly BackupSummary[],
  databases: readonly string[],
): Verdict | undefined {
  const newest = backups.find(({ damaged }) => damaged === undefined);
  if (newest === undefined) return undefined;
  // An encrypted one tells them only to who has a key.
  if (newest.databases.length === 0) return ok(`${newest.name} does not tell what is in it`);
  const missing = databases.filter((name) => !newest.databases.includes(name));
  if (missing.length === 0) return ok(`${newest.name} holds ${newest.databases.join(', ')}`);
  return failed(
    `the newest backup, ${newest.name}, is without ${missing.join(', ')}`,
    newest.failedDatabases.length > 0
      ? `see why: quackup show ${newest.name}`
      : 'make a new one with quackup backup',
  );
}

export function judgeBackupDamage(backups: readonly BackupSummary[]): Verdict {
  const damaged = backups.flatMap(({ name, damaged: why }) => (why === undefined ? [] : [{ name, why }]));
  const [first] = damaged;
  if (first === undefined)
    return ok(`${backups.length} backup${backups.length === 1 ? '' : 's'}, none known to be damaged`);
  const more = damaged.length > 1 ? `, and ${damaged.length - 1} more` : '';
  return failed(
    `${first.name} cannot be restored whole: ${first.why.message}${more}`,
    'quackup repair --dry-run says what can be repaired; make a new backup with quackup backup --full',
  );
}

/** @param scanEveryMs How often one is to be restored and read. */
export function judgeBackupVerified(
  backups: readonly BackupSummary[],
  { now, scanEveryMs }: { readonly now: Date; readonly scanEveryMs: number },
): Verdict | undefined {
  if (!backups.some(isComplete)) return undefined;
  const command = 'quackup verify latest --level scan restores one to a scratch folder and reads all of it';
  const hint = backups.some(({ encrypted }) => encrypted)
    ? `on a machine that has the key, ${command}`
    : command;
  const scans = backups.flatMap(({ name, verified }) =>
    verified === null ? [] : [{ name, at: verified.at }],
  );
  const last = scans.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];
  if (last === undefined) return warn('no backup there was ever restored and read', hint);
  const ageMs = now.getTime() - Date.parse(last.at);
  // daily makes one when it is due, not before.
  if (ageMs > scanEveryMs + 86_400_000)
    return warn(`the last backup that was restored and read was ${last.name}, ${span(ageMs)} ago`, hint);
  return ok(`${last.name} was restored and read ${span(Math.max(0, ageMs))} ago`);
}
