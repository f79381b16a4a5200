import { statfs } from 'node:fs/promises';

import { QuackupError } from '../errors.ts';

/**
 * @param bytes What will be written to `folder`.
 * @throws NO_SPACE if it has fewer bytes free.
 */
export async function checkRoom(folder: string, bytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new QuackupError(
    'NO_SPACE',
    `the import of ${what} takes ${bytes} bytes of temporary files, but ${folder} has ${bavail * bsize} free; nothing of it was stored`,
    { hint: 'make room, or set backup.tempDir in quackup.yaml, or TMPDIR, to a larger disk' },
  );
}
