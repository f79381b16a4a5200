import { QuackupError } from '../errors.ts';
import { roleOfKey } from '../format/backup-name.ts';
import type { StoredManifest } from '../format/manifest.ts';
import { loadManifest } from '../read/load-backup.ts';
import type { TargetClient } from '../target/target-client.ts';

/** The manifest that a target has of a backup. `damaged`: it is to be replaced. */
export type ExistingManifest = StoredManifest | 'damaged' | undefined;

/**
 * Looks whether a backup's name is free on a target, or is this very backup's. Two machines that begin in the same second give
 * their backups one name.
 *
 * @param repair Whether a manifest that is damaged may be replaced; never one of a newer version.
 * @throws COPY_CONFLICT if another backup has the name there, or something that cannot be read.
 */
export async function checkPlace(
  client: TargetClient,
  manifest: StoredManifest,
  repair: boolean,
): Promise<ExistingManifest> {
  const { name, archive } = manifest;
  const found = await readable(client, name, repair);
  if (found === undefined || found === 'damaged') {
    for await (const { key } of client.list(`${name}.`)) {
      if (roleOfKey(key).role === 'archive' && key !== archive.name)
        throw taken(client, name, `there is ${key}, an archive that is not its own`);
    }
  } else if (found.archive.name !== archive.name || found.archive.sha256 !== archive.sha256) {
    throw taken(client, name, `it has the archive ${found.archive.name}, which is not the one to be copied`);
  }
  return found;
}

async function readable(client: TargetClient, name: string, repair: boolean): Promise<ExistingManifest> {
  try {
    return await loadManifest(client, name);
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    if (repair && error.code === 'BACKUP_DAMAGED') return 'damaged';
    throw new QuackupError(
      'COPY_CONFLICT',
      `${name} on ${client.target.displayName} cannot be told from the backup to be copied: ${error.message}; it was not touched`,
      {
        cause: error,
        hint:
          error.code === 'FORMAT_UNSUPPORTED'
            ? 'use the version of Quackup that wrote it, or a newer one'
            : 'quackup copy --repair replaces it; quackup repair makes it again from the archive that is there',
      },
    );
  }
}

function taken(client: TargetClient, name: string, why: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${client.target.displayName} has another ${name} than the one to be copied: ${why}; it was not touched`,
    { hint: 'copy to an empty folder: two machines made backups in the same second' },
  );
}
