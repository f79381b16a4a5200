/** What is on a target: one listing, then the manifests, a few at once. Indexes and archives are not read. */
import type { ObjectInfo } from '@quackup/target-api';
import { z } from 'zod';

import type { BackupSummary, NamedTarget } from '../api.ts';
import { orderedMap } from '../archive/ordered-map.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import {
  damagedKey,
  isBackupName,
  isEncryptedKey,
  roleOfKey,
  startOfBackupName,
  verifiedKey,
} from '../format/backup-name.ts';
import { describeSize, hasSizeOf } from '../format/archive-size.ts';
import { type DamageRecord, MAX_DAMAGE_RECORD_BYTES, parseDamageRecord } from '../format/damage-record.ts';
import { isSealedManifest, type StoredManifest } from '../format/manifest.ts';
import { readOpenQuantMetadata } from '../openquant/openquant-archive.ts';
import { loadManifest } from '../read/load-backup.ts';
import { TargetClient } from '../target/target-client.ts';
import { foundDamage } from './found-damage.ts';
import { archivesOf, whatRemovalFrees } from './what-removal-frees.ts';

const MANIFESTS_AT_ONCE = 16;
const MAX_VERIFIED_BYTES = 64 * 1024 * 1024;

/** The objects of a target's top level, sorted by the backup that they belong to. */
export interface TargetContent {
  /** Backups that have a manifest. */
  readonly manifests: ReadonlySet<string>;
  /** Backups that have the record of a scan. */
  readonly verified: ReadonlySet<string>;
  /** Archives by the name of their backup, whether or not there is a manifest. */
  readonly archives: ReadonlyMap<string, readonly ObjectInfo[]>;
  /** What verifications found. */
  readonly damage: readonly DamageRecord[];
  /** Lengths of all archives by key. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** A backup with its manifest, if it has a good one. */
export interface ListedBackup {
  readonly summary: BackupSummary;
  /** Absent for OpenQuant archives and for damaged manifests. */
  readonly manifest: StoredManifest | undefined;
}

export async function readContent(client: TargetClient): Promise<TargetContent> {
  const manifests = new Set<string>();
  const verified = new Set<string>();
  const archives = new Map<string, ObjectInfo[]>();
  const sizes = new Map<string, number>();
  const damaged: string[] = [];
  for await (const info of client.list('backup_')) {
    const role = roleOfKey(info.key);
    if (role.role === 'manifest') manifests.add(role.backup);
    else if (role.role === 'verified') verified.add(role.backup);
    else if (role.role === 'damaged') damaged.push(role.backup);
    else if (role.role === 'archive') {
      archives.set(role.backup, [...(archives.get(role.backup) ?? []), info]);
      sizes.set(info.key, info.size);
    }
  }
  const damage: DamageRecord[] = [];
  for (const backup of damaged) {
    const text = await client.readText(damagedKey(backup), MAX_DAMAGE_RECORD_BYTES);
    // Gone: it has been refuted just now.
    if (text !== undefined) damage.push(parseDamageRecord(backup, text));
  }
  return { manifests, verified, archives, damage, sizes };
}

/**
 * All backups on a target, newest first. A backup whose manifest is damaged is among them and says so. Unfinished ones,
 * which have no manifest, are not.
 */
export async function listBackups(
  target: NamedTarget,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<BackupSummary[]> {
  const client = new TargetClient(target, { signal });
  return (await readBackups(client, await readContent(client))).map(({ summary }) => summary);
}

/** As {@link listBackups}, with the manifests. */
export async function readBackups(client: TargetClient, content: TargetContent): Promise<ListedBackup[]> {
  const foreign = [...content.archives].flatMap(([name, objects]) =>
    content.manifests.has(name)
      ? []
      : objects.filter(({ key }) => key.endsWith('.tar.gz')).map((info) => ({ name, info })),
  );
  const listed: ListedBackup[] = [];
  const own = orderedMap(content.manifests, client.concurrency(MANIFESTS_AT_ONCE), (name) =>
    readOwn(client, name, content),
  );
  for await (const backup of own) if (backup !== undefined) listed.push(backup);
  for await (const backup of orderedMap(foreign, 2, ({ name, info }) => readForeign(client, name, info))) {
    if (backup !== undefined) listed.push(backup);
  }
  const frees = whatRemovalFrees(listed, content);
  return listed
    .map(({ manifest, summary }) => ({
      manifest,
      summary: {
        ...summary,
        archives: archivesOf({ manifest, summary }, content.sizes),
        freesBytes: frees.get(summary.name) ?? 0,
      },
    }))
    .toSorted((a, b) => byStart(b.summary, a.summary));
}

/** Order of time: by the recorded start, then by name, numbers in it as numbers. */
function byStart(a: BackupSummary, b: BackupSummary): number {
  return (
    Date.parse(a.createdAt) - Date.parse(b.createdAt) || a.name.localeCompare(b.name, 'en', { numeric: true })
  );
}

/** A backup with a manifest, or undefined if it has just been removed. */
async function readOwn(
  client: TargetClient,
  name: string,
  content: TargetContent,
): Promise<ListedBackup | undefined> {
  let manifest: StoredManifest | undefined;
  try {
    manifest = await loadManifest(client, name);
    if (manifest === undefined) return undefined;
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    return { manifest: undefined, summary: damagedSummary(client, name, content, error) };
  }
  const verified = content.verified.has(name) ? await readVerified(client, name) : null;
  return {
    manifest,
    summary: {
      name,
      createdAt: manifest.createdAt,
      kind: manifest.kind,
      origin: 'quackup',
      ...contents(manifest),
      dependsOn: manifest.references.map((reference) => reference.name),
      archives: [],
      freesBytes: 0,
      target: client.name,
      verified,
      ...foundDamage(manifest, content, verified),
      ...missingArchive(manifest, content),
    },
  };
}

/** What a manifest says of what is in the backup: of an encrypted one, whose databases only a key names, no more than sizes. */
function contents(
  manifest: StoredManifest,
): Pick<
  BackupSummary,
  'encrypted' | 'recipients' | 'databases' | 'sizeBytes' | 'storedBytes' | 'failedDatabases' | 'failedCount'
> {
  const { archive } = manifest;
  if (isSealedManifest(manifest)) {
    return {
      encrypted: true,
      recipients: manifest.recipients,
      databases: [],
      sizeBytes: manifest.sizeBytes,
      storedBytes: archive.sizeBytes + manifest.archive.header.sizeBytes,
      failedDatabases: [],
      failedCount: manifest.failed,
    };
  }
  return {
    encrypted: false,
    recipients: [],
    databases: manifest.databases.map((database) => database.name),
    sizeBytes: manifest.databases.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    storedBytes: archive.sizeBytes,
    failedDatabases: manifest.failed.map((database) => database.name),
    failedCount: manifest.failed.length,
  };
}

/** The listing shows at once whether a manifest's archives are there, and as long as they must be. */
function missingArchive(
  manifest: StoredManifest,
  content: TargetContent,
): { damaged?: BackupSummary['damaged'] & object } {
  for (const archive of [manifest.archive, ...manifest.references]) {
    const size = content.sizes.get(archive.name);
    if (hasSizeOf(archive, size)) continue;
    const message = `the archive ${archive.name} ${describeSize(archive, size)}`;
    return { damaged: { code: 'BACKUP_DAMAGED', message } };
  }
  return {};
}

function damagedSummary(
  client: TargetClient,
  name: string,
  content: TargetContent,
  error: QuackupError,
): BackupSummary {
  return {
    name,
    createdAt: (startOfBackupName(name) ?? new Date(0)).toISOString(),
    kind: 'full',
    origin: 'quackup',
    encrypted: (content.archives.get(name) ?? []).some(({ key }) => isEncryptedKey(key)),
    recipients: [],
    databases: [],
    sizeBytes: 0,
    storedBytes: (content.archives.get(name) ?? []).reduce((sum, { size }) => sum + size, 0),
    dependsOn: [],
    archives: [],
    freesBytes: 0,
    target: client.name,
    verified: null,
    failedDatabases: [],
    failedCount: 0,
    damaged: failureReport(error),
  };
}

const verifiedSchema = z.object({ at: z.iso.datetime(), level: z.literal('scan') });

/** A record that cannot be read counts as none: it only ever says that something was good. */
async function readVerified(client: TargetClient, name: string): Promise<BackupSummary['verified']> {
  const text = await client.readText(verifiedKey(name), MAX_VERIFIED_BYTES);
  try {
    return verifiedSchema.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}

/** An OpenQuant archive, or undefined if it is an unfinished one of our own. */
async function readForeign(
  client: TargetClient,
  name: string,
  info: ObjectInfo,
): Promise<ListedBackup | undefined> {
  const base = {
    name,
    kind: 'full',
    origin: 'openquant',
    encrypted: false,
    recipients: [],
    storedBytes: info.size,
    dependsOn: [],
    archives: [],
    freesBytes: 0,
    target: client.name,
    verified: null,
    failedDatabases: [],
    failedCount: 0,
  } as const;
  try {
    const metadata = await readOpenQuantMetadata(client, info.key);
    if (metadata?.quackup !== undefined) return undefined;
    if (metadata === undefined)
      throw new QuackupError('BACKUP_DAMAGED', `${info.key} has no backup_metadata.json`);
    const time = new Date(metadata.timestamp);
    return {
      manifest: undefined,
      summary: {
        ...base,
        createdAt: (Number.isNaN(time.getTime()) ? info.modifiedAt : time).toISOString(),
        databases: metadata.databases.map((database) => database.name),
        sizeBytes: metadata.databases.reduce((sum, database) => sum + database.size_bytes, 0),
      },
    };
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    // Ours by its name and cut off before its metadata could be read: an unfinished one.
    if (isBackupName(name) && error.code === 'BACKUP_DAMAGED' && info.size === 0) return undefined;
    return {
      manifest: undefined,
      summary: {
        ...base,
        createdAt: (startOfBackupName(name) ?? info.modifiedAt).toISOString(),
        databases: [],
        sizeBytes: 0,
        damaged: failureReport(error),
      },
    };
  }
}
