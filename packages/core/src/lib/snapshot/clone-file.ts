import { constants } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';

/** What file systems answer that cannot share a file's blocks, or not between these two places. */
const CANNOT = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY', 'EPERM', 'EACCES']);

/**
 * Makes `to` a clone of `from`: an instant copy that shares its blocks until either is written. Linux: FICLONE (btrfs, XFS,
 * bcachefs); macOS: clonefile (APFS). Node.js has no way to clone on Windows.
 *
 * @returns whether it could; if not, there is nothing at `to`.
 */
export async function cloneFile(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    await rm(to, { force: true });
    if (CANNOT.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
