/**
 * Copies one backup to another target: the archives that it needs and are not there yet, the oldest first, and its manifest
 * last. Every byte is hashed on its way, so a copy is never worse than what was backed up.
 */
import { isTargetError, objectKey } from '@quackup/target-api';

import type { Clock, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { formatStoredManifest, isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import { acquireCopyLease, type Lease } from '../lease/lease.ts';
import { lostArchive, putManifest } from '../lease/put-manifest.ts';
import { acquireReadLease } from '../lease/read-lease.ts';
import type { OnProgress } from '../progress.ts';
import { loadManifest, notFound } from '../read/load-backup.ts';
import { readStoredHeader } from '../read/stored-header.ts';
import { notAllowed, plainRefused } from '../target/refusals.ts';
import { TargetClient } from '../target/target-client.ts';
import { whenAbsent } from '../target/when-absent.ts';
import { checkPlace, type ExistingManifest } from './check-place.ts';
import { copyArchive } from './copy-archive.ts';
import { neededArchives } from './needed-archive.ts';
import { type CopyStep, planCopy } from './plan-copy.ts';

export interface CopyOptions {
  /**
   * Also read what is there already, as much as copying it would, and write again what is damaged. Without it only what is gone, or
   * has another length, is found to be damaged.
   */
  readonly repair?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly clock?: Clock;
}

export interface CopyReport {
  readonly backup: string;
  readonly from: string;
  readonly to: string;
  /** Archives that were copied, in this order. */
  readonly copied: readonly string[];
  /** Archives that were there, but not as they must be, and were written again. */
  readonly replaced: readonly string[];
  /** Archives that were there already. */
  readonly present: readonly string[];
  /** Bytes of archives that were written. */
  readonly copiedBytes: number;
  readonly durationMs: number;
}

/**
 * Copies `backup` from one target to another, with every archive that it needs. What is there already is not copied again, once it
 * has been shown to be the same; what was the same and is damaged is written again.
 *
 * @throws BACKUP_NOT_FOUND if there is no such backup, or it is not one that Quackup wrote.
 * @throws BACKUP_DAMAGED if an archive is not what was written; then nothing of it is on the other target.
 * @throws COPY_CONFLICT if the other target has another backup of that name, or another object under a name that is needed; it is
 *   not touched.
 * @throws PLAIN_REFUSED if it is not encrypted, and only encrypted backups may be there.
 * @throws LEASE_HELD if a cleanup is running on one of them; LEASE_LOST if one may have begun before the end.
 * @throws TARGET_FAILED if the backup is gone from there in the end: then it is not listed there.
 */
export async function copyBackup(
  from: NamedTarget,
  to: NamedTarget,
  backup: string,
  { repair = false, signal, onProgress, clock = systemClock }: CopyOptions = {},
): Promise<CopyReport> {
  const startedMs = performance.now();
  const source = new TargetClient(from, { signal });
  const destination = new TargetClient(to, { signal });
  const manifest = await loadManifest(source, backup);
  if (manifest === undefined) throw await notFound(source, backup);
  if (to.encryptedOnly === true && !isSealedManifest(manifest)) throw plainRefused(destination, backup);
  await using _reading = await acquireReadLease(source, backup, clock);
  await using lease = await acquireCopyLease(destination, backup, clock);
  const existing = await checkPlace(destination, manifest, repair);
  const needed = await neededArchives(source, manifest);
  const { steps, present } = await planCopy(destination, manifest, needed, { repair, onProgress });
  const totalBytes = steps.reduce((sum, { archive }) => sum + archive.sizeBytes, 0);
  const task = 'copy';
  onProgress?.({ type: 'task-start', task, label: `copying ${backup}`, totalBytes });
  try {
    for (const step of steps) {
      await copyArchive(source, destination, step, (bytes) =>
        onProgress?.({ type: 'task-advance', task, bytes }),
      );
      lease.throwIfLost();
    }
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
  await declare(destination, lease, manifest, existing);
  return {
    backup,
    from: from.name,
    to: to.name,
    copied: namesOf(steps.filter(({ replaces }) => replaces === undefined)),
    replaced: namesOf(steps.filter(({ replaces }) => replaces !== undefined)),
    present: present.map(({ name }) => name),
    copiedBytes: totalBytes,
    durationMs: Math.round(performance.now() - startedMs),
  };
}

const namesOf = (steps: readonly CopyStep[]): string[] => steps.map(({ archive }) => archive.name);

/** The manifest, last: from here on the backup is on the other target too. */
async function declare(
  destination: TargetClient,
  lease: Lease,
  manifest: StoredManifest,
  existing: ExistingManifest,
): Promise<void> {
  const { name } = manifest;
  const archives = [...manifest.references, manifest.archive];
  const lost = await lostArchive(destination, archives);
  if (lost !== undefined) {
    throw new QuackupError(
      'TARGET_FAILED',
      `what ${name} needs on ${destination.target.displayName} is not there: ${lost} by now; ${existing === undefined ? 'the backup is not listed there' : 'the backup is damaged there'}`,
      { hint: 'copy it again' },
    );
  }
  if (existing !== undefined && (await isStill(destination, existing))) return;
  if (existing !== undefined && destination.access !== 'full')
    throw notAllowed(destination, `to replace ${name}.json`);
  try {
    await putManifest(destination, lease, {
      name,
      text: formatStoredManifest(manifest),
      archives,
      ...(existing === undefined && whenAbsent(destination)),
    });
  } catch (error) {
    // Somebody else was faster: with this backup, or with another one of its name.
    if (!isTargetError(error) || error.code !== 'PRECONDITION_FAILED') throw error;
    await checkPlace(destination, manifest, false);
  }
}

/** Whether the manifest that is there tells what the backup's archive is. After a change of recipients it differs from the source's. */
async function isStill(client: TargetClient, existing: StoredManifest | 'damaged'): Promise<boolean> {
  if (existing === 'damaged') return false;
  if (!isSealedManifest(existing)) return true;
  const { archive } = existing;
  const size = (await client.stat(objectKey(archive.name)))?.size ?? 0;
  return (await readStoredHeader(client, archive, size))?.sha256 === archive.header.sha256;
}
