/**
 * Lists again what is whole on a target and cannot be restored because a manifest or an index was lost or damaged. Archives
 * are never changed; every backup that can be restored is left as it is.
 */
import { type ObjectKey, objectKey } from '@quackup/target-api';

import type { Clock, FailureReport, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { type ErrorCode, QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import {
  backupName,
  isBackupName,
  manifestKey,
  startOfBackupName,
  damagedKey,
  verifiedKey,
} from '../format/backup-name.ts';
import type { Encryption, KeySource } from '../encryption/encryption.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import { acquireCleanupLease } from '../lease/lease.ts';
import { type ListedBackup, readBackups, readContent, type TargetContent } from '../list/list-backups.ts';
import type { OnProgress } from '../progress.ts';
import { ArchiveReader } from '../read/archive-reader.ts';
import { loadIndex, openManifest } from '../read/load-backup.ts';
import { TargetClient } from '../target/target-client.ts';
import { type Repair, repairBackup } from './repair-backup.ts';

export interface RepairOptions {
  /** Only say what would be done. Everything is read all the same. */
  readonly dryRun?: boolean;
  /** For encrypted backups. */
  readonly keys?: KeySource;
  /** Who shall be able to read the manifests and indexes of encrypted backups that are made again. */
  readonly encryption?: Encryption;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly clock?: Clock;
}

export interface RepairReport {
  /** Backups that can be restored and were left as they are. */
  readonly whole: readonly string[];
  /** Backups that are listed again, or would be. `as` is the new name of one that got a new index. */
  readonly repaired: readonly {
    readonly backup: string;
    readonly what: 'manifest' | 'index';
    readonly as: string;
  }[];
  /** Backups, or archives without one, that cannot be restored, and why. Nothing was done to them. */
  readonly damaged: readonly { readonly backup: string; readonly error: FailureReport }[];
  /** Encrypted backups that could not be looked at without another key, and why. Nothing was done to them. */
  readonly locked: readonly { readonly backup: string; readonly error: FailureReport }[];
  readonly dryRun: boolean;
  readonly durationMs: number;
}

/**
 * Repairs what can be repaired. An archive without a manifest is listed again if all that it needs is there, also one whose
 * manifest a cleanup had removed and that later backups still need: the next cleanup removes it again.
 *
 * @throws LEASE_HELD if a backup or a cleanup is running there.
 */
export async function repairTarget(target: NamedTarget, options: RepairOptions = {}): Promise<RepairReport> {
  const { dryRun = false, signal, onProgress, clock = systemClock, keys, encryption } = options;
  const startedMs = performance.now();
  const client = new TargetClient(target, { signal });
  await using lease = dryRun ? undefined : await acquireCleanupLease(client, clock);
  const archives = new ArchiveReader(client, keys);
  const content = await readContent(client);
  const backups = await readBackups(client, content);
  const taken = new Set([...content.manifests, ...content.archives.keys()]);
  const report = { whole: [], repaired: [], damaged: [], locked: [] } as {
    whole: string[];
    repaired: RepairReport['repaired'][number][];
    damaged: RepairReport['damaged'][number][];
    locked: RepairReport['locked'][number][];
  };
  for (const { backup, listed } of candidates(backups, content)) {
    signal?.throwIfAborted();
    lease?.throwIfLost();
    try {
      if (listed !== undefined && (await isWhole(archives, listed))) {
        report.whole.push(backup);
        continue;
      }
      if (wasReplaced(backup, content, backups)) continue;
      onProgress?.({ type: 'message', level: 'info', text: `reading the archive of ${backup}` });
      const manifest = listed?.manifest && (await openManifest(archives, listed.manifest));
      const repair = await repairBackup(archives, {
        backup,
        archive: archiveOf(backup, content),
        encryption,
        manifest,
        newName: () => freeName(backup, taken),
        now: clock.now(),
      });
      const as = repair.what === 'index' ? repair.name : backup;
      taken.add(as);
      if (!dryRun) await write(client, backup, repair);
      report.repaired.push({ backup, what: repair.what, as });
    } catch (error) {
      const code = error instanceof QuackupError ? error.code : undefined;
      if (code === undefined || !(DAMAGED.has(code) || LOCKED.has(code))) throw error;
      report[LOCKED.has(code) ? 'locked' : 'damaged'].push({ backup, error: failureReport(error) });
    }
  }
  return { ...report, dryRun, durationMs: Math.round(performance.now() - startedMs) };
}

const DAMAGED: ReadonlySet<ErrorCode> = new Set(['BACKUP_DAMAGED', 'FORMAT_UNSUPPORTED', 'PLAIN_REFUSED']);
const LOCKED: ReadonlySet<ErrorCode> = new Set(['KEY_REQUIRED', 'KEY_WRONG']);

interface Candidate {
  readonly backup: string;
  readonly listed: ListedBackup | undefined;
}

/** All backups that Quackup wrote, listed or not, the oldest first: a later one may need it. */
function candidates(backups: readonly ListedBackup[], content: TargetContent): Candidate[] {
  const byName = new Map(backups.map((listed) => [listed.summary.name, listed]));
  return [...new Set([...content.manifests, ...content.archives.keys()])]
    .filter((name) => isBackupName(name) && byName.get(name)?.summary.origin !== 'openquant')
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((backup) => ({ backup, listed: byName.get(backup) }));
}

/** @throws BACKUP_DAMAGED, FORMAT_UNSUPPORTED if it is not whole and no repair can help. */
async function isWhole(archives: ArchiveReader, { summary, manifest }: ListedBackup): Promise<boolean> {
  if (manifest === undefined) {
    if (summary.damaged?.code === 'FORMAT_UNSUPPORTED')
      throw new QuackupError('FORMAT_UNSUPPORTED', summary.damaged.message, {
        hint: summary.damaged.hint ?? '',
      });
    return false;
  }
  if (summary.damaged !== undefined) {
    throw new QuackupError('BACKUP_DAMAGED', summary.damaged.message, {
      hint: 'quackup copy brings the backup back from another target, if it is there',
    });
  }
  try {
    await loadIndex(archives, await openManifest(archives, manifest));
    return true;
  } catch (error) {
    if (error instanceof QuackupError && error.code === 'BACKUP_DAMAGED') return false;
    throw error;
  }
}

/** @throws BACKUP_DAMAGED if there is none. */
function archiveOf(backup: string, { archives }: TargetContent): string {
  const [archive] = archives.get(backup) ?? [];
  if (archive !== undefined) return archive.key;
  throw new QuackupError('BACKUP_DAMAGED', `the archive of ${backup} is gone`, {
    hint: 'quackup copy brings the backup back from another target, if it is there',
  });
}

/** Whether an earlier repair has made a backup of the same moment that reads this one's archive. */
function wasReplaced(backup: string, content: TargetContent, backups: readonly ListedBackup[]): boolean {
  if (content.manifests.has(backup)) return false;
  const keys = new Set((content.archives.get(backup) ?? []).map(({ key }) => key as string));
  const start = startOfBackupName(backup)?.getTime();
  return backups.some(({ manifest }) => isReplacement(manifest, keys, start));
}

function isReplacement(
  manifest: StoredManifest | undefined,
  keys: ReadonlySet<string>,
  start: number | undefined,
): boolean {
  return (
    manifest !== undefined &&
    startOfBackupName(manifest.name)?.getTime() === start &&
    manifest.references.some(({ name }) => keys.has(name)) &&
    // What an encrypted one stores itself is not said; that it is of the same second must do.
    (isSealedManifest(manifest) || manifest.databases.every(({ storedBytes }) => storedBytes === 0))
  );
}

function freeName(backup: string, taken: ReadonlySet<string>): string {
  const start = startOfBackupName(backup) ?? new Date(0);
  for (let ordinal = 2; ; ordinal += 1) {
    const name = backupName(start, ordinal);
    if (!taken.has(name)) return name;
  }
}

/** A new manifest is written when all else is there, and what it replaces goes after it. */
async function write(client: TargetClient, backup: string, repair: Repair): Promise<void> {
  if (repair.what === 'manifest') {
    await client.putText(manifestKey(backup), repair.manifest);
    return;
  }
  const { archive, archiveKey, name, manifest } = repair;
  await client.put(objectKey(archiveKey), onePiece(archive), { size: archive.length });
  await client.putText(manifestKey(name), manifest);
  const replaced: readonly ObjectKey[] = [manifestKey(backup), verifiedKey(backup), damagedKey(backup)];
  for (const key of replaced) await client.delete(key);
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
