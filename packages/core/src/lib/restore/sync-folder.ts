import { open } from 'node:fs/promises';

/**
 * Makes renames in a folder durable. Windows cannot open a folder for that, and has no need to: NTFS logs renames. Some
 * network file systems refuse as well; there is nothing better to do there.
 */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}
