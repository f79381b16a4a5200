import { DEFAULT_COMPRESSION } from '../archive/compression.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { formatManifest, type ManifestContent } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { formatSealedManifest } from '../format/sealed-manifest.ts';
import { lostArchive, putManifest } from '../lease/put-manifest.ts';
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
        const archives = [archive, ...stored.tail.written.references];
        await checkArchives(client, archives);
        let text = texts.get(stored);
        if (text === undefined) texts.set(stored, (text = manifestText(run, written, stored, finishedAt)));
        await putManifest(client, reservation.leaseOf(client.name), {
          name: reservation.name,
          text: await text,
          archives,
          ...whenAbsent(client),
        });
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
  const lost = await lostArchive(client, archives);
  if (lost !== undefined) throw archiveLost(client, lost);
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

function archiveLost(client: TargetClient, lost: string): QuackupError {
  return new QuackupError(
    'TARGET_FAILED',
    `what this backup needs on ${client.target.displayName} is not there: ${lost} by now; the backup is not listed there`,
    { hint: 'run the backup again: it stores what is missing' },
  );
}
