import { posix } from 'node:path';

import type { FileEntryWithStats } from 'ssh2';

import type { Connection } from './connection.ts';
import { partsFolder } from './place.ts';

const PART = /^[0-9a-f]{32}\.part$/;

// A put that goes on writes again and again, so its part is never that old. A wide margin for clocks that differ.
const STALE_MS = 24 * 3_600_000;

/** Removes what puts left that were cut off more than a day before `now`. Never fails: it is no put's business. */
export async function removeStaleParts(connection: Connection, root: string, now: Date): Promise<void> {
  const folder = partsFolder(root);
  try {
    const entries = await connection.request<FileEntryWithStats[]>((sftp, reply) =>
      sftp.readdir(folder, reply),
    );
    for (const { filename, attrs } of entries) {
      if (!PART.test(filename) || now.getTime() - attrs.mtime * 1000 <= STALE_MS) continue;
      await connection.request<void>((sftp, reply) => sftp.unlink(posix.join(folder, filename), reply));
    }
  } catch {
    // There is no such folder yet, or somebody else removed it first.
  }
}
