import { type FileHandle, open, stat } from 'node:fs/promises';

/**
 * Gives new files the owner, the group and the permissions of the file that they replace, and syncs them. Access control
 * lists and other attributes are not kept.
 *
 * @returns a warning if the owner could not be kept: only root may give files away.
 */
export async function keepOwner(old: string, files: readonly string[]): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  const replaced = await stat(old);
  if (!replaced.isFile()) return undefined;
  const { uid, gid, mode } = replaced;
  let isKept = true;
  for (const file of files) {
    await using handle = await open(file, 'r+');
    const own = await handle.stat();
    if (own.uid !== uid || own.gid !== gid) {
      const isGiven = await isAllowed(handle.chown(uid, gid));
      // The group may be one of ours, if the owner is not.
      if (!isGiven) await isAllowed(handle.chown(own.uid, gid));
      isKept &&= isGiven;
    }
    await setMode(handle, mode);
    await handle.sync();
  }
  if (isKept) return undefined;
  return `${old} could not be given back to its owner (user ${uid}, group ${gid}); do so with: chown ${uid}:${gid}`;
}

/** Sets permissions, whatever the umask; where a file system knows none, a file stays as it is. */
export async function setMode(handle: FileHandle, mode: number): Promise<void> {
  await isAllowed(handle.chmod((mode & 0o777) | 0o600));
}

const REFUSALS = new Set(['EPERM', 'EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** Whether that was done, or refused for good. */
async function isAllowed(change: Promise<void>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (REFUSALS.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
