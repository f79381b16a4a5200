import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

import { errnoOf, toTargetError } from './errno-error.ts';

// Windows opens no folder (EPERM, EISDIR) and some file systems sync none (EINVAL); their names are durable by themselves.
const CANNOT = new Set([
  'EINVAL',
  'EISDIR',
  'ENOTSUP',
  ...(process.platform === 'win32' ? ['EPERM', 'EACCES'] : []),
]);

/** Makes the names in a folder durable: a file that was synced can still lose its name. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, constants.O_RDONLY);
    await handle.sync();
  } catch (error) {
    if (!CANNOT.has(errnoOf(error) ?? '')) throw toTargetError(error, `sync ${folder}`);
  }
}
