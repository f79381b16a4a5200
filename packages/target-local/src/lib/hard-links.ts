import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

// `f_type` of statfs(2) on Linux (linux/magic.h): MSDOS_SUPER_MAGIC, which is FAT, and EXFAT_SUPER_MAGIC.
const WITHOUT_HARD_LINKS: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0]);

/** Tells what kind of file system a folder is on: `type` of `statfs`. Rejects if there is no such folder. */
export type FileSystemType = (folder: string) => Promise<number>;

const askSystem: FileSystemType = async (folder) => (await statfs(folder)).type;

/**
 * Whether the folder's file system has hard links, as far as can be told without writing: false on FAT and exFAT under
 * Linux, true elsewhere. Where that is wrong a put with `if-absent` is refused when it comes.
 */
export async function hasHardLinks(folder: string, typeOf: FileSystemType = askSystem): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  for (const place of [folder, dirname(folder)]) {
    try {
      return !WITHOUT_HARD_LINKS.has(await typeOf(place));
    } catch {
      // Not there or not ours to look at: the first operation says so, in words.
    }
  }
  return true;
}
