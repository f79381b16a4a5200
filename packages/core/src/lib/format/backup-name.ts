/**
 * Names of backups and of their objects on a target:
 *
 *     backup_20261122_020000.tar.zst          the archive (.tar.gz, .tar)
 *     backup_20261122_020000.tar.zst.age      the archive, encrypted
 *     backup_20261122_020000.json             the manifest
 *     backup_20261122_020000.verified.json    what the last scan found
 *     backup_20261122_020000.damaged.json     what the last verification found that did not pass
 *     leases/...                              who is working here now
 *
 * The time is UTC. A second backup within one second gets `_2`, and so on. The order of names is not the order of time
 * (`_10` sorts before `_2`): order always comes from the recorded start.
 */
import { type ObjectKey, objectKey } from '@quackup/target-api';

const NAME = /^backup_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})(?:_([1-9]\d{0,5}))?$/;

/** Whether `text` is the name of a backup that Quackup writes. */
export function isBackupName(text: string): boolean {
  return NAME.test(text);
}

/** The name of a backup that starts at `start`, as the `ordinal`-th of that second (1 for the first). */
export function backupName(start: Date, ordinal: number): string {
  const digits = start
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replaceAll(/[-:]/g, '')
    .replace('T', '_');
  return `backup_${digits}${ordinal > 1 ? `_${ordinal}` : ''}`;
}

/** The start that a name tells, to the second, or undefined if it tells none. */
export function startOfBackupName(name: string): Date | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

export const manifestKey = (name: string): ObjectKey => objectKey(`${name}.json`);
export const verifiedKey = (name: string): ObjectKey => objectKey(`${name}.verified.json`);
export const damagedKey = (name: string): ObjectKey => objectKey(`${name}.damaged.json`);
export const archiveKey = (name: string, extension: string): ObjectKey => objectKey(`${name}${extension}`);

/** What an object of a target's top level is, by its name. */
export type ObjectRole =
  | { readonly role: 'archive' | 'manifest' | 'verified' | 'damaged'; readonly backup: string }
  | { readonly role: 'foreign' };

/** What follows the extension of an encrypted archive: it is an age file. */
export const ENCRYPTED_EXTENSION = '.age';

/** Extensions of archives, longest first. */
export const ARCHIVE_EXTENSIONS = [
  '.tar.zst.age',
  '.tar.gz.age',
  '.tar.age',
  '.tar.zst',
  '.tar.gz',
  '.tar',
] as const;

/** Whether the key of an archive is that of an encrypted one. */
export const isEncryptedKey = (key: string): boolean => key.endsWith(ENCRYPTED_EXTENSION);

/** The name of the backup that an archive is of. */
export function backupOfArchive(key: string): string {
  const extension = ARCHIVE_EXTENSIONS.find((ending) => key.endsWith(ending)) ?? '';
  return key.slice(0, key.length - extension.length);
}

/**
 * Sorts a key into its role. Names that no version of Quackup writes are `foreign`: they are never touched. An
 * archive's name may be anything that begins with `backup_`, since OpenQuant let its users choose (`backup_l.tar.gz`).
 */
export function roleOfKey(key: string): ObjectRole {
  if (key.includes('/') || !key.startsWith('backup_')) return { role: 'foreign' };
  for (const extension of ARCHIVE_EXTENSIONS) {
    if (key.endsWith(extension)) return { role: 'archive', backup: key.slice(0, -extension.length) };
  }
  const base = key.slice(0, key.indexOf('.'));
  if (isBackupName(base) && key === `${base}.json`) return { role: 'manifest', backup: base };
  if (isBackupName(base) && key === `${base}.verified.json`) return { role: 'verified', backup: base };
  if (isBackupName(base) && key === `${base}.damaged.json`) return { role: 'damaged', backup: base };
  return { role: 'foreign' };
}
