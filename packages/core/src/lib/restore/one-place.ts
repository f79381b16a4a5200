import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { QuackupError } from '../errors.ts';
import { FILE_ROLES, filePath } from '../snapshot/database-files.ts';

/**
 * That no two databases share a file. Their paths have been resolved: two links may lead to one file, and where case plays
 * no part two names may be one.
 *
 * @throws RESTORE_FAILED if two do.
 */
export async function refuseOnePlace(
  destinations: readonly { readonly name: string; readonly path: string }[],
): Promise<void> {
  const taken = new Map<string, { readonly name: string; readonly file: string }[]>();
  for (const { name, path } of destinations) {
    for (const role of FILE_ROLES) {
      const file = filePath(path, role);
      const alike = taken.get(fold(file)) ?? [];
      for (const other of alike) {
        if (!(await isOnePlace(other.file, file))) continue;
        throw new QuackupError(
          'RESTORE_FAILED',
          `${other.name} and ${name} would both be restored to ${file}; nothing was touched`,
          { hint: 'restore them one at a time: --database NAME --restore-dir DIR' },
        );
      }
      taken.set(fold(file), [...alike, { name, file }]);
    }
  }
}

const fold = (path: string): string => path.normalize('NFC').toLowerCase();

/** Whether two paths that differ in case at most are one, as far as can be told without writing. */
async function isOnePlace(first: string, second: string): Promise<boolean> {
  if (first === second) return true;
  const [one, other] = [await identity(first), await identity(second)];
  if (one !== undefined || other !== undefined) return one === other;
  const [folder, otherFolder] = [dirname(first), dirname(second)];
  if (folder !== otherFolder && !(await isOnePlace(folder, otherFolder))) return false;
  return isWithoutCase(folder);
}

/** Whether a folder, or the nearest one above it that can tell, knows its entries in capitals too. */
async function isWithoutCase(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find((each) => otherCase(each) !== each);
  if (name !== undefined) {
    return (await identity(join(folder, name))) === (await identity(join(folder, otherCase(name))));
  }
  const above = dirname(folder);
  return above === folder ? process.platform !== 'linux' : isWithoutCase(above);
}

function otherCase(text: string): string {
  const small = text.toLowerCase();
  return small === text ? text.toUpperCase() : small;
}

/** Device and number of what is there. */
async function identity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}
