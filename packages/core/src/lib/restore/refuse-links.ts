/**
 * A restore to a place that is a link. DuckDB up to 1.4 has the WAL beside the link, later versions have it beside the
 * file: no place for a WAL is right for both, and one of an earlier time beside the link would be replayed.
 */
import { QuackupError } from '../errors.ts';
import type { FileRole } from '../format/schema.ts';
import { filePath, SIDECAR_ROLES } from '../snapshot/database-files.ts';
import { exists } from './restore-site.ts';
import type { Place } from './resolve-place.ts';

/** @throws TARGET_EXISTS if a WAL is beside a link that leads to the place. */
export async function refuseWalBesideLink({ links }: Place): Promise<void> {
  for (const link of links) {
    for (const role of SIDECAR_ROLES) {
      const file = filePath(link, role);
      if (!(await exists(file))) continue;
      throw new QuackupError(
        'TARGET_EXISTS',
        `${file} is in the way: ${link} is a link, and some versions of DuckDB would replay this file into what is restored; nothing was touched`,
        { hint: 'move it away if nobody needs it, or restore elsewhere with --restore-dir' },
      );
    }
  }
}

/** @throws RESTORE_FAILED if the place is a link and there is more to restore than the database's file. */
export function refuseWalBehindLink(
  name: string,
  { links: [link] }: Place,
  newFiles: readonly FileRole[],
): void {
  if (link === undefined || newFiles.every((role) => role === 'database')) return;
  throw new QuackupError(
    'RESTORE_FAILED',
    `${link} is a link, and ${name} has a WAL in this backup, which some versions of DuckDB would not find behind it; nothing was touched`,
    {
      hint: 'restore elsewhere with --restore-dir, open it there once with DuckDB, which takes the WAL into the file, then put that in its place',
    },
  );
}
