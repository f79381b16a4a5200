import { open } from 'node:fs/promises';

import { QuackupError } from '@quackup/core';

/**
 * Writes a file that only this user may read, and syncs it: it may be the only copy of a key. One that is there stays as it is.
 *
 * @param path Absolute.
 * @throws USAGE if there is something of that name, or no such folder.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') {
      throw new QuackupError('USAGE', `${path} exists already; it was not touched`, {
        cause,
        hint: 'name another file with --out',
      });
    }
    if (code !== 'ENOENT') throw cause;
    throw new QuackupError('USAGE', `${path} cannot be written: there is no such folder`, {
      cause,
      hint: 'make the folder, or name another file with --out',
    });
  }
}
