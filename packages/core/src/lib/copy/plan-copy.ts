import { objectKey } from '@quackup/target-api';

import { QuackupError } from '../errors.ts';
import { ArchiveDigest, hasSizeOf } from '../format/archive-size.ts';
import { backupOfArchive } from '../format/backup-name.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { loadManifest } from '../read/load-backup.ts';
import { readAhead } from '../target/read-ahead.ts';
import type { TargetClient } from '../target/target-client.ts';

/** The archives of a backup, in the order in which they are copied: those that others may need already come first. */
export interface CopyPlan {
  readonly missing: readonly ArchiveReference[];
  readonly present: readonly ArchiveReference[];
}

/**
 * Looks for the archives that a backup needs.
 *
 * @throws COPY_CONFLICT if one of them is another object there. Backups that were written to two targets at once can differ
 *   in the last bytes of their archives, in which they say what the target had before.
 */
export async function planCopy(
  client: TargetClient,
  {
    archive,
    references,
  }: { readonly archive: ArchiveReference; readonly references: readonly ArchiveReference[] },
): Promise<CopyPlan> {
  const missing: ArchiveReference[] = [];
  const present: ArchiveReference[] = [];
  const { name, sizeBytes, sha256 } = archive;
  for (const needed of [...references, { name, sizeBytes, sha256 }]) {
    const found = await client.stat(objectKey(needed.name));
    if (found === undefined) missing.push(needed);
    else if (hasSizeOf(needed, found.size) && (await hashOf(client, needed)) === needed.sha256)
      present.push(needed);
    else throw conflict(client, needed.name);
  }
  return { missing, present };
}

/** What the manifest beside an archive says, else what the archive's bytes give. */
async function hashOf(client: TargetClient, { name }: ArchiveReference): Promise<string> {
  try {
    const manifest = await loadManifest(client, backupOfArchive(name));
    if (manifest?.archive.name === name) return manifest.archive.sha256;
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
  }
  const digest = new ArchiveDigest(name);
  for await (const piece of readAhead(client, objectKey(name))) digest.update(piece);
  return digest.finish().sha256;
}

function conflict(client: TargetClient, name: string): QuackupError {
  return new QuackupError(
    'COPY_CONFLICT',
    `${client.target.displayName} has another ${name} than the one that the backup needs; nothing was changed`,
    { hint: `quackup backup --target ${client.name} stores there what it lacks; or copy to an empty folder` },
  );
}
