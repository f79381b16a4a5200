/**
 * Verification, three levels, each proving what the ones below it do: `archive`, `blocks`, `scan`. What is found is
 * reported, not thrown; only what keeps a verification from being made is an error.
 *
 * `archive` reads every archive that the backup needs in full; the others read of the earlier ones what the backup uses.
 */
import type { Identity } from '@quackup/age';

import type { NamedTarget, ScannedDatabase, VerifyLevel, VerifyOptions, VerifyReport } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import { isBackupName, roleOfKey } from '../format/backup-name.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { loadManifest, notFound, openManifest } from '../read/load-backup.ts';
import { TargetClient } from '../target/target-client.ts';
import { Problems } from './problems.ts';
import { recordDamage } from './record-damage.ts';
import { verifyOpenQuant } from './verify-openquant.ts';
import { VerifyRun } from './verify-run.ts';
import { verifyStored } from './verify-stored.ts';

/**
 * Verifies one backup. A scan that finds nothing wrong is recorded beside the backup, and so is damage, at any level, until a
 * verification of that level or a higher one finds none.
 *
 * @throws BACKUP_NOT_FOUND if there is no such backup.
 * @throws KEY_REQUIRED if it is encrypted, and the level takes a key that there is not.
 * @throws KEY_WRONG if it is encrypted for others.
 * @throws FORMAT_UNSUPPORTED if a newer version wrote it.
 * @throws SCAN_FAILED, NO_SPACE if a scan cannot be made.
 */
export async function verifyBackup(
  target: NamedTarget,
  name: string,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const startedMs = performance.now();
  const client = new TargetClient(target, { signal: options.signal });
  const problems = new Problems();
  const notes: string[] = [];
  const scanned: ScannedDatabase[] = [];
  const manifest = await usableManifest(client, name, problems);
  if (manifest === 'foreign') await verifyOpenQuant(client, name, { ...options, problems, notes, scanned });
  else if (manifest !== undefined && isLocked(manifest, await keysOf(options), options.level)) {
    await verifyStored(client, manifest, options, problems);
    notes.push('only the stored bytes were verified: what is in them takes a key');
  } else if (manifest !== undefined) {
    const run = await openRun(client, manifest, options, problems, notes);
    await run?.check();
    if (run !== undefined && options.level === 'scan' && problems.none) scanned.push(...(await run.scan()));
    if (run !== undefined && options.level === 'scan' && problems.none) await run.record(scanned);
  }
  if (manifest !== undefined && manifest !== 'foreign') {
    await recordDamage(client, name, {
      level: options.level,
      problems: problems.list(),
      isEncrypted: isSealedManifest(manifest),
      clock: options.clock ?? systemClock,
      note: (text) => notes.push(text),
    });
  }
  return {
    backup: name,
    ok: problems.none,
    level: options.level,
    problems: problems.list(),
    notes,
    durationMs: Math.round(performance.now() - startedMs),
    ...(options.level === 'scan' ? { databases: scanned } : {}),
  };
}

/** The manifest; `foreign` if an OpenQuant archive has this name; undefined if it is damaged, which has been reported. */
async function usableManifest(
  client: TargetClient,
  name: string,
  problems: Problems,
): Promise<StoredManifest | 'foreign' | undefined> {
  const object = `${name}.json`;
  try {
    const manifest = await loadManifest(client, name);
    if (manifest !== undefined) return manifest;
  } catch (error) {
    if (!(error instanceof QuackupError) || error.code !== 'BACKUP_DAMAGED') throw error;
    problems.add({ object, ...failureReport(error) });
    return undefined;
  }
  for await (const { key } of client.list(`${name}.`)) {
    if (key === `${name}.tar.gz`) return 'foreign';
    if (isBackupName(name) && roleOfKey(key).role === 'archive') {
      problems.add({
        code: 'BACKUP_DAMAGED',
        object,
        message: `there is an archive ${key}, but no manifest: the backup was not finished, or the manifest was lost`,
        hint: 'quackup repair lists it again if the archive is whole',
      });
      return undefined;
    }
  }
  throw await notFound(client, name);
}

/** The keys, if the level may be reached with them or without. */
async function keysOf({ keys }: VerifyOptions): Promise<readonly Identity[]> {
  return (await keys?.()) ?? [];
}

/**
 * Whether only the bytes of a backup can be verified.
 *
 * @throws KEY_REQUIRED if that is not what was asked for.
 */
function isLocked(manifest: StoredManifest, identities: readonly Identity[], level: VerifyLevel): boolean {
  if (!isSealedManifest(manifest) || identities.length > 0) return false;
  if (level === 'archive') return true;
  const { name, archive } = manifest;
  throw new QuackupError(
    'KEY_REQUIRED',
    `${name} was not verified: level ${level} reads what is in ${archive.name}, which takes a key, and none is at hand`,
    {
      hint: 'quackup verify --level archive needs none; or name the key with encryption.identities in quackup.yaml',
    },
  );
}

/** @returns undefined if what the manifest says is not what was sealed in it, which has been reported. */
async function openRun(
  client: TargetClient,
  stored: StoredManifest,
  options: VerifyOptions,
  problems: Problems,
  notes: string[],
): Promise<VerifyRun | undefined> {
  const archives = new ArchiveReader(client, options.keys);
  try {
    const manifest = await openManifest(archives, stored);
    return new VerifyRun(archives, manifest, options, problems, notes);
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    if (error.code === 'KEY_WRONG' && options.level === 'archive') throw needsNoKey(error);
    if (error.code !== 'BACKUP_DAMAGED') throw error;
    problems.add({ object: `${stored.name}.json`, ...failureReport(error) });
    return undefined;
  }
}

/** A key that does not fit keeps a verification from what works without one. */
function needsNoKey({ message, cause }: QuackupError): QuackupError {
  return new QuackupError('KEY_WRONG', message, {
    cause,
    hint: 'level archive needs no key: leave encryption.identities out of quackup.yaml; or name one that fits: quackup show has the fingerprints',
  });
}
