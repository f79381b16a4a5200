/**
 * Copies one backup to another target: the archives that it needs and are not there yet, the oldest first, and its manifest
 * last. Every byte is hashed on its way, so a copy is never worse than what was backed up.
 */
import { createHash } from 'node:crypto';

import { isTargetError, type ObjectKey, objectKey } from '@quackup/target-api';

import type { Clock, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { manifestKey } from '../format/backup-name.ts';
import { formatManifest, type Manifest } from '../format/manifest.ts';
import type { ArchiveReference } from '../format/schema.ts';
import { acquireCopyLease } from '../lease/lease.ts';
import type { OnProgress } from '../progress.ts';
import { loadManifest, notFound } from '../read/load-backup.ts';
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
  if (manifest === undefined) throw notFound(source, backup);
  await using lease = await acquireCopyLease(destination, backup, clock);
  const plan = await planCopy(destination, manifest);
  const totalBytes = plan.missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const task = 'copy';
  onProgress?.({ type: 'task-start', task, label: `copying ${backup}`, totalBytes });
  try {
    for (const archive of plan.missing) {
      await copyArchive(source, destination, archive, (bytes) =>
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

async function copyArchive(
  source: TargetClient,
  destination: TargetClient,
  archive: ArchiveReference,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const key = objectKey(archive.name);
  try {
    await destination.put(key, checked(source, key, archive, onBytes), {
      size: archive.sizeBytes,
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
  { name, sizeBytes, sha256 }: ArchiveReference,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digest = createHash('sha256');
  let done = 0;
  // The last piece is held back until it is known that all of them are right.
  let held: Buffer | undefined;
  try {
    for await (const piece of source.read(key)) {
      if (held !== undefined) yield held;
      digest.update(piece);
      done += piece.length;
      if (done > sizeBytes) throw notWhole(source, name, `it has more than ${sizeBytes} bytes`);
      onBytes(piece.length);
      held = piece;
    }
  } catch (error) {
    if (isTargetError(error) && error.code === 'NOT_FOUND') throw notWhole(source, name, 'it is gone', error);
    throw error;
  }
  if (done !== sizeBytes) throw notWhole(source, name, `it has ${done} bytes, not ${sizeBytes}`);
  if (digest.digest('hex') !== sha256)
    throw notWhole(source, name, 'its SHA-256 is not the one that was recorded');
  if (held !== undefined) yield held;
}

/** The manifest, last: from here on the backup is on the other target too. */
async function declare(destination: TargetClient, manifest: Manifest): Promise<void> {
  for (const { name, sizeBytes } of [...manifest.references, manifest.archive]) {
    const found = await destination.stat(objectKey(name));
    if (found?.size === sizeBytes) continue;
    throw new QuackupError(
      'TARGET_FAILED',
      `${name} on ${destination.target.displayName}, which ${manifest.name} needs, is gone by now; the backup is not listed there`,
      { hint: 'copy it again' },
    );
  }
  const { format: _format, sha256: _sha256, ...content } = manifest;
  await destination.putText(manifestKey(manifest.name), formatManifest(content));
}

function notWhole(source: TargetClient, name: string, why: string, cause?: unknown): QuackupError {
  return new QuackupError(
    'BACKUP_DAMAGED',
    `${name} on ${source.target.displayName} cannot be copied: ${why}; nothing of it was stored`,
    { cause, hint: 'quackup verify says what else is damaged; copy another backup' },
  );
}
