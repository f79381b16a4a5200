/**
 * Removes old backups: a plan first, then its effects. A manifest goes before its archive, so a run that is killed leaves
 * an archive that nobody lists, never a listed backup without one; the next cleanup finds it as a leftover.
 */
import { isTargetError, type ObjectInfo, type ObjectKey, objectKey } from '@quackup/target-api';

import type { BackupSummary, CleanupOptions, CleanupReport, NamedTarget } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import {
  damagedKey,
  isBackupName,
  manifestKey,
  startOfBackupName,
  verifiedKey,
} from '../format/backup-name.ts';
import type { DamageRecord } from '../format/damage-record.ts';
import { acquireCleanupLease, type Lease } from '../lease/lease.ts';
import { type ListedBackup, readBackups, readContent, type TargetContent } from '../list/list-backups.ts';
import { planRetention, retentionCandidate, type RetentionPlan } from '../retention/index.ts';
import { TargetClient } from '../target/target-client.ts';

/** How old an archive without a manifest must be to count as left over, in milliseconds: longer than any backup takes. */
const LEFTOVER_MS = 24 * 3600_000;

/** How long one deletion may stand still: with its further tries less than a lease lets its holder's last step take. */
const DELETE_STALL_MS = 25_000;

/** What a cleanup will do: data, printed by `--dry-run` and carried out otherwise. */
export interface CleanupPlan {
  readonly retention: RetentionPlan;
  /** Objects to delete, in this order. */
  readonly deletions: readonly ObjectKey[];
  /** Those of them that belong to no backup. */
  readonly leftovers: readonly ObjectKey[];
  readonly freedBytes: number;
}

/**
 * Applies a retention policy to a target.
 *
 * @throws LEASE_HELD if a backup or another cleanup is running there; nothing has been removed then.
 * @throws LEASE_LOST, TARGET_FAILED if it had to stop in the middle. Every backup that is still listed is whole then.
 */
export async function cleanupBackups(target: NamedTarget, options: CleanupOptions): Promise<CleanupReport> {
  const { policy, dryRun = false, clock = systemClock, signal } = options;
  const client = new TargetClient(target, { signal });
  await using lease = dryRun ? undefined : await acquireCleanupLease(client, clock);
  const content = await readContent(client);
  const backups = await readBackups(client, content);
  const now = clock.now();
  const retention = keepUnknown(
    backups,
    planRetention(
      backups.map(({ summary }) => retentionCandidate(summary)),
      policy,
      now,
    ),
  );
  const plan = planCleanup(backups, content, retention, now);
  if (lease !== undefined) await carryOut(client, plan, lease, signal);
  return {
    kept: plan.retention.filter(({ keep }) => keep).map(({ name, reasons }) => ({ name, reasons })),
    removed: plan.retention
      .filter(({ keep }) => !keep)
      .map(({ name, reasons }) => ({ name, reason: reasons.join(', ') })),
    leftovers: plan.leftovers,
    freedBytes: plan.freedBytes,
    dryRun,
  };
}

/** @throws TARGET_FAILED if an object cannot be removed; the rest stays for the next cleanup. */
async function carryOut(
  client: TargetClient,
  { deletions }: CleanupPlan,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deleting = client.under(signal, DELETE_STALL_MS);
  for (const [done, key] of deletions.entries()) {
    signal?.throwIfAborted();
    try {
      await deleting.delete(key, () => lease.throwIfLost());
    } catch (error) {
      if (!isTargetError(error)) throw error;
      throw new QuackupError(
        'TARGET_FAILED',
        `the cleanup of ${client.name} (${client.target.displayName}) stopped at ${key}: ${error.message}; ${done} of ${deletions.length} objects have been removed`,
        { cause: error, hint: error.hint ?? 'run the cleanup again: it goes on where this one stopped' },
      );
    }
  }
}

/**
 * What a newer version wrote is not ours to judge: this one cannot read when it was made, nor what it needs. And a file that nothing
 * but its name makes an OpenQuant archive may be anybody's.
 */
function keepUnknown(backups: readonly ListedBackup[], plan: RetentionPlan): RetentionPlan {
  const reasons = new Map<string, string>();
  for (const { summary } of backups) {
    if (summary.damaged?.code === 'FORMAT_UNSUPPORTED')
      reasons.set(summary.name, 'written by a newer version of Quackup');
    else if (summary.damaged !== undefined && summary.origin === 'openquant' && !isBackupName(summary.name))
      reasons.set(summary.name, 'not known to be a backup');
  }
  return plan.map((decision) => {
    const reason = reasons.get(decision.name);
    return reason === undefined ? decision : { ...decision, keep: true, reasons: [reason] };
  });
}

/** From what is there and what may go to the objects that are deleted. */
export function planCleanup(
  backups: readonly ListedBackup[],
  content: TargetContent,
  retention: RetentionPlan,
  now: Date,
): CleanupPlan {
  const keep = new Set(retention.filter((decision) => decision.keep).map(({ name }) => name));
  const kept = backups.filter(({ summary }) => keep.has(summary.name));
  const needed = new Set<string>();
  for (const { manifest, summary } of kept) {
    if (manifest !== undefined)
      for (const { name } of [manifest.archive, ...manifest.references]) needed.add(name);
    else for (const { key } of content.archives.get(summary.name) ?? []) needed.add(key);
  }
  // A kept backup whose manifest cannot be read may need any older archive: then none goes.
  const listed = new Set(backups.map(({ summary }) => summary.name));
  // So may one whose manifest is listed and was not there a moment later: nobody but us removes any now.
  const isHidden = [...content.manifests].some((name) => !listed.has(name));
  const archivesStay =
    isHidden || kept.some(({ manifest, summary }) => manifest === undefined && summary.origin === 'quackup');
  // What was found in an archive is to be known as long as a backup needs it, also when the one that it was found in has gone.
  const isSpent = ({ archives }: DamageRecord): boolean =>
    !archivesStay && !archives.some((name) => needed.has(name));
  const deletions = new Set<ObjectKey>();
  const leftovers: ObjectKey[] = [];
  const remove = (key: ObjectKey): void => void deletions.add(key);
  for (const { summary, manifest } of backups) {
    if (keep.has(summary.name)) continue;
    if (content.manifests.has(summary.name)) remove(manifestKey(summary.name));
    if (content.verified.has(summary.name)) remove(verifiedKey(summary.name));
    for (const record of content.damage)
      if (record.backup === summary.name && isSpent(record)) remove(damagedKey(summary.name));
    const archives =
      manifest === undefined ? archivesOf(summary, content) : [{ key: objectKey(manifest.archive.name) }];
    for (const { key } of archives)
      if (!needed.has(key) && !archivesStay && content.sizes.has(key)) remove(key);
  }
  for (const [name, archives] of content.archives) {
    if (listed.has(name) || archivesStay || !isLeftover(name, now)) continue;
    for (const { key } of archives) if (!needed.has(key)) leftovers.push(key);
  }
  for (const name of content.verified) {
    if (!content.manifests.has(name) && !listed.has(name)) leftovers.push(verifiedKey(name));
  }
  for (const record of content.damage)
    if (!listed.has(record.backup) && isSpent(record)) leftovers.push(damagedKey(record.backup));
  for (const key of leftovers) remove(key);
  const freedBytes = [...deletions].reduce((sum, key) => sum + (content.sizes.get(key) ?? 0), 0);
  return { retention, deletions: [...deletions], leftovers, freedBytes };
}

/** Archives of a backup whose manifest tells none. OpenQuant wrote one kind only: what else has its name is not its. */
function archivesOf({ name, origin }: BackupSummary, { archives }: TargetContent): readonly ObjectInfo[] {
  const all = archives.get(name) ?? [];
  return origin === 'openquant' ? all.filter(({ key }) => key === `${name}.tar.gz`) : all;
}

/** Whether an archive without a manifest is one of ours, by its name, and too old to be in the making. */
function isLeftover(name: string, now: Date): boolean {
  const start = startOfBackupName(name);
  return isBackupName(name) && start !== undefined && now.getTime() - start.getTime() > LEFTOVER_MS;
}
