import { objectKey } from '@quackup/target-api';

import { DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import { manifestKey } from '../format/backup-name.ts';
import { formatManifest, type ManifestContent } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { formatSealedManifest } from '../format/sealed-manifest.ts';
import type { TargetClient } from '../target/target-client.ts';
import { whenAbsent } from '../target/when-absent.ts';
import { VERSION } from '../version.ts';
import type { BackupRun } from './backup-run.ts';
import { failedDatabases } from './failed-databases.ts';
import { rememberBase } from './remember-base.ts';
import type { StoredArchive } from './stored-archive.ts';
import type { UnlistedBackup } from './write-archive.ts';

/**
 * Declares the backup on every target that works and still has every archive that it refers to; a target that has not is given up.
 *
 * @throws TARGET_FAILED if no target is left.
 */
export async function writeManifests(run: BackupRun, written: UnlistedBackup): Promise<void> {
  const { reservation, options } = run;
  const finishedAt = (options.clock ?? systemClock).now();
  // Targets that got the same bytes get the same manifest.
  const texts = new Map<StoredArchive, Promise<string>>();
  await Promise.all(
    reservation.live().map(async (client) => {
      try {
        const stored = written.stored.get(client.name);
        if (stored === undefined) throw new Error('the archive has not been written');
        const archive = referenceTo(run, stored);
        await checkArchives(client, [archive, ...stored.tail.written.references]);
        let text = texts.get(stored);
        if (text === undefined) texts.set(stored, (text = manifestText(run, written, stored, finishedAt)));
        await client.putText(manifestKey(reservation.name), await text, whenAbsent(client));
        await rememberBase(run, client, stored, archive);
      } catch (error) {
        reservation.fail(client.name, error);
      }
    }),
  );
  reservation.checkAlive();
}

/** One may be gone: a cleanup on a machine that took this one for dead. Then there is no backup to declare. */
async function checkArchives(client: TargetClient, archives: readonly ArchiveReference[]): Promise<void> {
  if (client.access === 'write-only') return;
  for (const needed of archives) {
    const size = (await client.stat(objectKey(needed.name)))?.size;
    if (!hasSizeOf(needed, size)) throw archiveLost(client, needed, size);
  }
}

async function manifestText(
  run: BackupRun,
  { kind, entries }: UnlistedBackup,
  stored: StoredArchive,
  finishedAt: Date,
): Promise<string> {
  const { encryption, compression = DEFAULT_COMPRESSION } = run.options;
  const { index, references } = stored.tail.written;
  const content: ManifestContent = {
    name: run.reservation.name,
    kind,
    createdAt: run.source.createdAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    tool: `quackup ${VERSION}`,
    archive: { ...referenceTo(run, stored), compression },
    index,
    references: [...references],
    databases: [...entries],
    failed: failedDatabases(run),
  };
  if (encryption === undefined || stored.header === undefined) return formatManifest(content);
  return formatSealedManifest(content, stored.header, encryption);
}

function referenceTo({ archive }: BackupRun, { sizeBytes, sha256 }: StoredArchive): ArchiveReference {
  return { name: archive, sizeBytes, sha256 };
}

function archiveLost(
  client: TargetClient,
  needed: ArchiveReference,
  found: number | undefined,
): QuackupError {
  return new QuackupError(
    'TARGET_FAILED',
    `${needed.name} on ${client.target.displayName}, which this backup needs, ${describeSize(needed, found)} by now; the backup is not listed there`,
    { hint: 'run the backup again: it stores what is missing' },
  );
}
