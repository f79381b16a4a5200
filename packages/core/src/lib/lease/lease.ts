/**
 * Who is working on a target: an object under `leases/` for each run, see lease-content.ts.
 *
 * Backups may run side by side. A cleanup runs alone: it might remove an archive that a running backup refers to. Both
 * first announce themselves and then look who else is there; since a target shows what was put to everyone at once, of
 * two that may not run together at least one sees the other and steps back. No atomic operation of the target is needed.
 *
 * A lease is dead when it has not been renewed for long enough, or when its process is known to be gone.
 */
import { isTargetError, type ObjectKey } from '@quackup/target-api';

import type { Clock } from '../api.ts';
import { QuackupError } from '../errors.ts';
import { ownHolder } from '../process/holder.ts';
import { notAllowed } from '../target/refusals.ts';
import type { TargetClient } from '../target/target-client.ts';
import { HeldLease, type Lease } from './held-lease.ts';
import {
  backupLeaseKey,
  cleanupLeaseKey,
  isLive,
  type LeaseContent,
  type LeaseKind,
  leaseKind,
  LEASES,
  MAX_LEASE_BYTES,
  newLease,
  parseLease,
  randomId,
} from './lease-content.ts';

export type { Lease } from './held-lease.ts';

/**
 * Reserves `name` for a backup.
 *
 * @returns undefined if the name is reserved already, by a live run or a dead one.
 * @throws LEASE_HELD if a cleanup is running.
 */
export async function acquireBackupLease(
  client: TargetClient,
  name: string,
  clock: Clock,
): Promise<Lease | undefined> {
  if (client.access !== 'full') return NO_LEASE;
  const id = randomId();
  const { putIfAbsent } = client.target.capabilities;
  const key = backupLeaseKey(name, putIfAbsent ? undefined : id);
  const lease = await HeldLease.put(
    client,
    key,
    newLease('backup', id, await ownHolder(), clock.now()),
    clock,
  );
  if (lease === undefined) return undefined;
  return orStepBack(lease, async () => {
    // Of two that announce the same name, both may step back, but never neither.
    if (!putIfAbsent && (await isReservedTwice(client, name, key))) return undefined;
    await stepBackFrom(client, key, 'backup', clock);
    return lease;
  });
}

/**
 * Keeps cleanups away while a backup is copied to a target, or from it. Reserves no name.
 *
 * @throws LEASE_HELD if a cleanup is running.
 */
export async function acquireCopyLease(client: TargetClient, name: string, clock: Clock): Promise<Lease> {
  if (client.access !== 'full') return NO_LEASE;
  const id = randomId();
  const key = backupLeaseKey(name, id);
  const content = newLease('backup', id, await ownHolder(), clock.now());
  const lease = await HeldLease.put(client, key, content, clock);
  if (lease === undefined) throw new QuackupError('INTERNAL', `${key} exists already`);
  return orStepBack(lease, async () => {
    await stepBackFrom(client, key, 'backup', clock);
    return lease;
  });
}

/**
 * @throws LEASE_HELD if a backup or another cleanup is running.
 * @throws TARGET_ACCESS if nothing may be removed there.
 */
export async function acquireCleanupLease(client: TargetClient, clock: Clock): Promise<Lease> {
  if (client.access !== 'full') throw notAllowed(client, 'a cleanup or a repair');
  const id = randomId();
  const key = cleanupLeaseKey(id);
  const content = newLease('cleanup', id, await ownHolder(), clock.now());
  const lease = await HeldLease.put(client, key, content, clock);
  if (lease === undefined) throw new QuackupError('INTERNAL', `${key} exists already`);
  return orStepBack(lease, async () => {
    await stepBackFrom(client, key, 'cleanup', clock);
    return lease;
  });
}

/**
 * Where a lease could be neither renewed nor removed there is none. Whoever cleans up there does so from elsewhere, at a time
 * when no backup runs.
 */
export const NO_LEASE: Lease = {
  signal: new AbortController().signal,
  throwIfLost: () => {},
  [Symbol.asyncDispose]: async () => {},
};

/** Gives the lease back unless `look` returns it. */
async function orStepBack<Result extends Lease | undefined>(
  lease: Lease,
  look: () => Promise<Result>,
): Promise<Result> {
  let kept: Result | undefined;
  try {
    kept = await look();
    return kept;
  } finally {
    if (kept === undefined) await lease[Symbol.asyncDispose]();
  }
}

async function isReservedTwice(client: TargetClient, name: string, own: ObjectKey): Promise<boolean> {
  for await (const { key } of client.list(`${LEASES}${name}.`)) if (key !== own) return true;
  return false;
}

async function stepBackFrom(
  client: TargetClient,
  own: ObjectKey,
  kind: LeaseKind,
  clock: Clock,
): Promise<void> {
  for (const other of await liveLeases(client, own, clock)) {
    if (kind === 'backup' && other.kind === 'backup') continue;
    throw new QuackupError(
      'LEASE_HELD',
      `a ${other.kind} is running on ${client.target.displayName} since ${other.acquiredAt} (process ${other.pid} on ${other.place.split(' ')[0]})`,
      { hint: 'wait until it is done; a run that was killed on another machine counts for 15 minutes' },
    );
  }
}

/** The live leases but for `own`. Removes those of runs that are known to be over. */
async function liveLeases(client: TargetClient, own: ObjectKey, clock: Clock): Promise<LeaseContent[]> {
  const live: LeaseContent[] = [];
  for await (const info of client.list(LEASES)) {
    if (info.key === own || leaseKind(info.key) === undefined) continue;
    const content = await readLease(client, info);
    if (content === undefined) continue;
    if (await isLive(content, clock.now())) live.push(content);
    else await removeDead(client, info.key);
  }
  return live;
}

/** Undefined if it has just been given back. */
async function readLease(
  client: TargetClient,
  info: Parameters<typeof parseLease>[1],
): Promise<LeaseContent | undefined> {
  try {
    const text = await client.readText(info.key, MAX_LEASE_BYTES);
    return text === undefined ? undefined : parseLease(text, info);
  } catch (error) {
    if (error instanceof QuackupError && error.code === 'BACKUP_DAMAGED') return parseLease('', info);
    throw error;
  }
}

/** Whether it can be removed or not, it counts for nobody: a place that allows no deletion must still take backups. */
async function removeDead(client: TargetClient, key: ObjectKey): Promise<void> {
  try {
    await client.delete(key);
  } catch (error) {
    if (!isTargetError(error)) throw error;
  }
}
