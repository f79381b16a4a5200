/**
 * Copies one backup to another target: the archives that it needs and are not there yet, the oldest first, and its manifest
 * last. Every byte is hashed on its way, so a copy is never worse than what was backed up.
 */
import { isTargetError, type ObjectKey, objectKey } from '@quackup/target-api';

import type { Clock, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { isEncryptedKey, manifestKey } from '../format/backup-name.ts';
import { ArchiveDigest, describeSize, hasSizeOf, maxSizeOf } from '../format/archive-size.ts';
import { formatStoredManifest, isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import type { StoredHeader } from '../format/sealed-manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { acquireCopyLease } from '../lease/lease.ts';
import type { OnProgress } from '../progress.ts';
import { loadManifest, notFound } from '../read/load-backup.ts';
import { plainRefused } from '../target/refusals.ts';
import { readAhead } from '../target/read-ahead.ts';
import { TargetClient } from '../target/target-client.ts';
import { planCopy } from './plan-copy.ts';

export interface CopyOptions {
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
  /** Archives that were there already. */
  readonly present: readonly string[];
  /** Bytes of archives that were copied. */
  readonly copiedBytes: number;
  readonly durationMs: number;
}

/**
 * Copies `backup` from one target to another, with every archive that it needs. What is there already is not copied again,
 * once it has been shown to be the same.
 *
 * @throws BACKUP_NOT_FOUND if there is no such backup, or it is not one that Quackup wrote.
 * @throws BACKUP_DAMAGED if an archive is not what was written; then nothing of it is on the other target.
 * @throws COPY_CONFLICT if the other target has another object under a name that is needed; it is not touched.
 * @throws PLAIN_REFUSED if it is not encrypted, and only encrypted backups may be there.
 * @throws LEASE_HELD if a cleanup is running on the other target.
 * @throws TARGET_FAILED if the backup is gone from there in the end: then it is not listed there.
 */
export async function copyBackup(
  from: NamedTarget,
  to: NamedTarget,
  backup: string,
  { signal, onProgress, clock = systemClock }: CopyOptions = {},
): Promise<CopyReport> {
  const startedMs = performance.now();
  const source = new TargetClient(from, { signal });
  const destination = new TargetClient(to, { signal });
  const manifest = await loadManifest(source, backup);
  if (manifest === undefined) throw await notFound(source, backup);
  if (to.encryptedOnly === true && !isSealedManifest(manifest)) throw plainRefused(destination, backup);
  await using lease = await acquireCopyLease(destination, backup, clock);
  const plan = await planCopy(destination, manifest);
  const totalBytes = plan.missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const task = 'copy';
  onProgress?.({ type: 'task-start', task, label: `copying ${backup}`, totalBytes });
  try {
    for (const archive of plan.missing) {
      await copyArchive(source, destination, withHeader(archive, manifest), (bytes) =>
        onProgress?.({ type: 'task-advance', task, bytes }),
      );
      lease.throwIfLost();
    }
  } finally {
    onProgress?.({ type: 'task-end', task });
  }
  lease.throwIfLost();
  await declare(destination, manifest);
  return {
    backup,
    from: from.name,
    to: to.name,
    copied: plan.missing.map(({ name }) => name),
    present: plan.present.map(({ name }) => name),
    copiedBytes: totalBytes,
    durationMs: Math.round(performance.now() - startedMs),
  };
}

function withHeader(archive: ArchiveReference, manifest: StoredManifest): CopiedArchive {
  return isSealedManifest(manifest) && archive.name === manifest.archive.name ? manifest.archive : archive;
}

/** An archive; with its header where that is known, which it is of a backup's own. */
interface CopiedArchive extends ArchiveReference {
  readonly header?: StoredHeader;
}

async function copyArchive(
  source: TargetClient,
  destination: TargetClient,
  archive: CopiedArchive,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const key = objectKey(archive.name);
  const size = isEncryptedKey(key) ? (await source.stat(key))?.size : archive.sizeBytes;
  if (size === undefined) throw notWhole(source, archive.name, 'it is gone');
  try {
    await destination.put(key, checked(source, key, archive, onBytes), {
      size,
      ...(destination.target.capabilities.putIfAbsent && { condition: { type: 'if-absent' } }),
    });
  } catch (error) {
    // Somebody copies the same backup at this moment and was faster.
    if (!isTargetError(error) || error.code !== 'PRECONDITION_FAILED') throw error;
    const { missing } = await planCopy(destination, { archive, references: [] });
    if (missing.length > 0) throw error;
  }
}

/** The archive's bytes. Fails at its end, before the put is done, if they are not those that were backed up. */
async function* checked(
  source: TargetClient,
  key: ObjectKey,
  archive: CopiedArchive,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { name, sha256, header } = archive;
  const digest = new ArchiveDigest(name);
  let done = 0;
  // The last piece is held back until it is known that all of them are right.
  let held: Buffer | undefined;
  try {
    for await (const piece of readAhead(source, key)) {
      if (held !== undefined) yield held;
      digest.update(piece);
      done += piece.length;
      if (done > maxSizeOf(archive)) throw notWhole(source, name, `it ${describeSize(archive, done)}`);
      onBytes(piece.length);
      held = piece;
    }
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') throw notWhole(source, name, 'it is gone', error);
    throw error;
  }
  if (!hasSizeOf(archive, done)) throw notWhole(source, name, `it ${describeSize(archive, done)}`);
  const found = digest.finish();
  if (found.sha256 !== sha256 || (header !== undefined && found.header.sha256 !== header.sha256))
    throw notWhole(source, name, 'its SHA-256 is not the one that was recorded');
  if (held !== undefined) yield held;
}

/** The manifest, last: from here on the backup is on the other target too. */
async function declare(destination: TargetClient, manifest: StoredManifest): Promise<void> {
  for (const needed of [...manifest.references, manifest.archive]) {
    const { name } = needed;
    const found = await destination.stat(objectKey(name));
    if (hasSizeOf(needed, found?.size)) continue;
    throw new QuackupError(
      'TARGET_FAILED',
      `${name} on ${destination.target.displayName}, which ${manifest.name} needs, is gone by now; the backup is not listed there`,
      { hint: 'copy it again' },
    );
  }
  const key = manifestKey(manifest.name);
  // Where nothing may be replaced, what is there already stays.
  if (destination.access !== 'full' && (await destination.stat(key)) !== undefined) return;
  await destination.putText(key, formatStoredManifest(manifest));
}

function notWhole(source: TargetClient, name: string, why: string, cause?: unknown): QuackupError {
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${name} on ${source.target.displayName} cannot be copied: ${why}; nothing of it was stored`,
    { cause, hint: 'quackup verify says what else is damaged; copy another backup' },
  );
}
